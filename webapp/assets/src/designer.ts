/** The process designer: bpmn-js with the engine's findings beside it. Settings come from data attributes of #designer. */

import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "diagram-js-minimap/assets/diagram-js-minimap.css";
import "bpmn-js-color-picker/colors/color-picker.css";
import "./designer/designer.css";
import { Desk } from "./designer/desk";
import { settingsOf } from "./designer/settings";

const root = document.getElementById("designer");
if (root) void new Desk(root, settingsOf(root)).open();
