/** The parts we use of libraries that bring no types of their own. */

declare module "bpmn-js-properties-panel" {
  export const BpmnPropertiesPanelModule: import("didi").ModuleDeclaration;
  export const BpmnPropertiesProviderModule: import("didi").ModuleDeclaration;
  export function useService<Service = unknown>(name: string, strict?: boolean): Service;
}

declare module "@bpmn-io/properties-panel" {
  type Component = (props: Record<string, unknown>) => unknown;
  export const Group: Component;
  export const SelectEntry: Component;
  export const TextFieldEntry: Component;
  export const TextAreaEntry: Component;
  export const isSelectEntryEdited: (node: HTMLElement) => boolean;
  export const isTextFieldEntryEdited: (node: HTMLElement) => boolean;
  export const isTextAreaEntryEdited: (node: HTMLElement) => boolean;
}

declare module "@bpmn-io/properties-panel/preact/jsx-runtime" {
  export function jsx(component: unknown, props: Record<string, unknown>): unknown;
}

declare module "diagram-js-minimap" {
  const module: import("didi").ModuleDeclaration;
  export default module;
}

declare module "bpmn-js-color-picker" {
  const module: import("didi").ModuleDeclaration;
  export default module;
}

declare module "bpmn-js-i18n-zh/lib/*" {
  const words: Record<string, string>;
  export default words;
}

declare module "*.css";
