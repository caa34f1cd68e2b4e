import bpmn from "bpmn-js-i18n-zh/lib/bpmn-js/index.js";
import properties from "bpmn-js-i18n-zh/lib/properties-panel/index.js";
import type { ModuleDeclaration } from "didi";
import type { Language } from "./words";

/** What the community's list lacks or says otherwise than our glossary. */
const OURS: Record<string, string> = {
  Collaboration: "协作图",
  "Sequence Flow": "连线",
  "Message Flow": "消息流",
  Lane: "泳道",
  Participant: "池",
  Process: "流程",
  Label: "标签",
  General: "基本信息",
  Documentation: "说明",
  "Element documentation": "说明文字",
  Name: "名称",
  ID: "标识",
  Executable: "可执行",
  Timer: "定时",
  Message: "消息",
  Signal: "信号",
  Error: "错误",
  Escalation: "升级",
  "Multi-instance": "多实例",
  "Open minimap": "打开缩略图",
  "Close minimap": "关闭缩略图",
  "Set color": "设置颜色",
  Default: "默认",
  Blue: "蓝",
  Orange: "橙",
  Green: "绿",
  Red: "红",
  Purple: "紫",
  "Toggle section": "展开或收起",
  "Section contains edits": "此处已填写",
  "Section contains data": "此处已填写",
  "Search in diagram": "在图中查找",
  "Create/remove space tool": "增减空间",
  "Activate create/remove space tool": "增减空间",
  "Activate hand tool": "移动画布",
  "Activate lasso tool": "框选",
  "Activate global connect tool": "连线",
  "Create element": "添加元素",
  "Append element": "追加元素",
  "Change element": "更改类型",
  "Open color picker": "选择颜色",
};

/** bpmn-js's translate service in the page's language. */
export function translation(language: Language): ModuleDeclaration {
  const words: Record<string, string> = language === "zh" ? { ...bpmn, ...properties, ...OURS } : {};
  // The panel's header says "User Task" where the list says "User task".
  const folded = new Map(Object.entries(words).map(([english, chinese]) => [english.toLowerCase(), chinese]));
  const translate = (template: string, facts: Record<string, string> = {}): string =>
    (words[template] ?? folded.get(template.toLowerCase()) ?? template).replace(/\{([^}]+)\}/g, (whole, name: string) => facts[name] ?? whole);
  return { translate: ["value", translate] };
}
