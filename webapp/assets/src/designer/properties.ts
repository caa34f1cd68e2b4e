import {
  Group,
  isSelectEntryEdited,
  isTextAreaEntryEdited,
  isTextFieldEntryEdited,
  SelectEntry,
  TextAreaEntry,
  TextFieldEntry,
} from "@bpmn-io/properties-panel";
import { jsx } from "@bpmn-io/properties-panel/preact/jsx-runtime";
import { is } from "bpmn-js/lib/util/ModelUtil";
import { useService } from "bpmn-js-properties-panel";
import type { ModuleDeclaration } from "didi";
import type { Choice, Settings } from "./settings";
import type { Say, Word } from "./words";

/** An element of the semantic model: what is written into the file. */
interface Semantic {
  $type: string;
  $attrs: Record<string, string>;
  $parent?: Semantic;
  get(name: string): unknown;
  eventDefinitions?: Semantic[];
  sourceRef?: Semantic;
}

interface Drawn {
  id: string;
  type: string;
  businessObject: Semantic;
}

interface Modeling {
  updateModdleProperties(element: Drawn, semantic: Semantic, properties: Record<string, unknown>): void;
}

interface Factory {
  create(type: string, attributes: Record<string, unknown>): Semantic;
}

interface Entry {
  id: string;
  component: (props: Record<string, unknown>) => unknown;
  isEdited: (node: HTMLElement) => boolean;
}

interface Section {
  id: string;
  label: string;
  component: unknown;
  entries: Entry[];
  shouldOpen?: boolean;
}

/** How one value is read from an element and written back, in one undoable step. */
interface Value {
  read(semantic: Semantic): string;
  write(semantic: Semantic, text: string, factory: Factory): { target?: Semantic; properties: Record<string, unknown> };
}

/**
 * An attribute that may stand under several names: `name` is what we write, unless an alias is there already.
 *
 * The engine prefers the aliases too, so a diagram from elsewhere never says two things at once.
 */
function attribute(name: string, ...aliases: string[]): Value {
  const used = (semantic: Semantic): string => aliases.find((alias) => semantic.get(alias)) ?? name;
  return {
    read: (semantic) => String(semantic.get(used(semantic)) ?? ""),
    write: (semantic, text) => ({ properties: { [used(semantic)]: text || undefined } }),
  };
}

const condition: Value = {
  read: (semantic) => String((semantic.get("conditionExpression") as Semantic | undefined)?.get("body") ?? ""),
  write: (_semantic, text, factory) => ({
    properties: { conditionExpression: text ? factory.create("bpmn:FormalExpression", { body: text }) : undefined },
  }),
};

const script: Value = {
  read: (semantic) => String(semantic.get("script") ?? ""),
  write: (_semantic, text) => ({
    properties: { script: text || undefined, scriptFormat: text ? "feel" : undefined },
  }),
};

/**
 * Parameters as lines of `name = value`, kept as camunda:inputParameter elements.
 *
 * One that holds a list, a map or a script (other modellers write those) cannot be a line and is left untouched.
 */
const PARAMETERS: Value = {
  read: (semantic) =>
    simpleParameters(semantic)
      .map((parameter) => `${String(parameter.get("name"))} = ${String(parameter.get("value") ?? "")}`)
      .join("\n"),
  write: (semantic, text, factory) => {
    const written = text.split("\n").flatMap((line) => {
      const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return name ? [factory.create("camunda:InputParameter", { name, value: value ?? "" })] : [];
    });
    const simple = simpleParameters(semantic);
    const before = inputOutput(semantic);
    const kept = listOf(before, "inputParameters").filter((parameter) => !simple.includes(parameter));
    const after = factory.create("camunda:InputOutput", {
      inputParameters: [...kept, ...written],
      outputParameters: listOf(before, "outputParameters"),
    });
    for (const child of [...kept, ...written, ...listOf(before, "outputParameters")]) child.$parent = after;
    const others = listOf(semantic.get("extensionElements") as Semantic | undefined, "values");
    const values = [...others.filter((value) => value !== before), after];
    const extensionElements = factory.create("bpmn:ExtensionElements", { values });
    for (const value of values) value.$parent = extensionElements;
    return { properties: { extensionElements } };
  },
};

function inputOutput(semantic: Semantic): Semantic | undefined {
  const extensions = semantic.get("extensionElements") as Semantic | undefined;
  return listOf(extensions, "values").find(({ $type }) => $type === "camunda:InputOutput");
}

function simpleParameters(semantic: Semantic): Semantic[] {
  return listOf(inputOutput(semantic), "inputParameters").filter((parameter) => !parameter.get("definition"));
}

function listOf(semantic: Semantic | undefined, name: string): Semantic[] {
  return (semantic?.get(name) as Semantic[] | undefined) ?? [];
}

const FORM = attribute("camunda:formKey", "lm:formKey");
const ROLE = attribute("camunda:candidateGroups", "lm:candidateGroups");
const ORGANISATION = attribute("lm:organisation");
const DUE = attribute("camunda:dueDate", "lm:dueDate");

/** `=deadline("D02", signed_on)`: a due date by a rule of the register, counted from a day. */
const BY_RULE = /^=\s*deadline\(\s*"([^"]+)"\s*,\s*([\s\S]*)\)\s*$/;

const RULE: Value = {
  read: (semantic) => BY_RULE.exec(DUE.read(semantic))?.[1] ?? "",
  write: (semantic, text, factory) => {
    const from = RULE_START.read(semantic) || "today()";
    return DUE.write(semantic, text ? `=deadline("${text}", ${from})` : "", factory);
  },
};

const RULE_START: Value = {
  read: (semantic) => BY_RULE.exec(DUE.read(semantic))?.[2]?.trim() ?? "",
  write: (semantic, text, factory) =>
    DUE.write(semantic, `=deadline("${RULE.read(semantic)}", ${text || "today()"})`, factory),
};

const NAME_EN = attribute("lm:nameEn");
const CONNECTOR = attribute("camunda:topic", "lm:connector");
const DECISION = attribute("camunda:decisionRef");
const RESULT = attribute("camunda:resultVariable");
const CALLED = attribute("calledElement");
const SEPARATE = attribute("lm:separateFrom");
const FINAL = attribute("lm:final");
const CORRELATION = attribute("lm:correlation");
const PAYLOAD = attribute("lm:payload");

const SPLITS = ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:ComplexGateway", "bpmn:Activity"];

/** The groups of the properties panel that are Lastmeter's own, beside bpmn-js's general ones. */
export function propertiesModule(settings: Settings, say: Say): ModuleDeclaration {
  class Provider {
    static readonly $inject = ["propertiesPanel"];

    constructor(panel: { registerProvider(priority: number, provider: Provider): void }) {
      // Below bpmn-js's own provider: its general group comes first.
      panel.registerProvider(500, this);
    }

    getGroups(element: Drawn) {
      return (groups: Section[]): Section[] => {
        const [general, ...others] = groups;
        const ours = sections(element, settings, say);
        return general ? [general, ...ours, ...others] : ours;
      };
    }
  }
  return { __init__: ["lastmeterProperties"], lastmeterProperties: ["type", Provider] };
}

function sections(element: Drawn, settings: Settings, say: Say): Section[] {
  const { choose, show, write, writeLong } = entriesFor(element, say);
  const found: Section[] = [];
  const add = (id: string, label: Word, entries: Entry[]): void => {
    found.push({ id: `lm-${id}`, label: say(label), component: Group, entries, shouldOpen: true });
  };
  const isAny = (...types: string[]): boolean => types.some((type) => is(element as never, type));

  if (isAny("bpmn:Lane")) {
    const known = settings.laneRoles.has(element.id);
    add("who", "groupWho", [
      show("role", settings.laneRoles.get(element.id) ?? "", settings.roles, "role", known ? "laneRoleHint" : "laneNoRole"),
    ]);
  }
  if (isAny("bpmn:UserTask", "bpmn:ManualTask")) {
    if (isAny("bpmn:UserTask")) add("form", "groupForm", [choose("form", FORM, settings.forms, "form", "formHint")]);
    add("who", "groupWho", [
      choose("role", ROLE, settings.roles, "role", "taskRoleHint"),
      write("organisation", ORGANISATION, "organisation", "organisationHint"),
      write("separate", SEPARATE, "separateFrom", "separateFromHint"),
      choose("final", FINAL, [{ key: "true", label: say("finalYes") }], "final", "finalHint"),
    ]);
    add("due", "groupDue", [
      choose("rule", RULE, settings.rules, "deadlineRule", "deadlineRuleHint"),
      ...(RULE.read(element.businessObject) ? [write("rule-start", RULE_START, "deadlineStart")] : []),
      write("due", DUE, "dueDate", "dueDateHint"),
    ]);
  }
  if (isAny("bpmn:ServiceTask", "bpmn:SendTask")) {
    add("connector", "groupConnector", [
      choose("connector", CONNECTOR_TASK, settings.connectors, "connector"),
      writeLong("parameters", PARAMETERS, "parameters", "parametersHint"),
    ]);
  }
  if (isMessage(element)) {
    const throws = isAny("bpmn:ThrowEvent", "bpmn:SendTask");
    add("message", "groupMessage", [
      write("correlation", CORRELATION, "correlation", "correlationHint"),
      ...(throws ? [writeLong("payload", PAYLOAD, "payload", "payloadHint")] : []),
    ]);
  }
  if (isAny("bpmn:BusinessRuleTask")) {
    const decision = settings.decisions.length
      ? choose("decision", DECISION, settings.decisions, "decision")
      : write("decision", DECISION, "decision");
    add("decision", "groupDecision", [decision, write("result", RESULT, "resultVariable")]);
  }
  if (isAny("bpmn:ScriptTask")) {
    add("script", "groupScript", [writeLong("script", script, "script"), write("result", RESULT, "resultVariable")]);
  }
  if (isAny("bpmn:CallActivity")) {
    const called = settings.definitions.length
      ? choose("called", CALLED, settings.definitions, "called")
      : write("called", CALLED, "called");
    add("called", "groupCalled", [called]);
  }
  const source = element.businessObject.sourceRef;
  if (isAny("bpmn:SequenceFlow") && source && SPLITS.some((type) => is(source as never, type))) {
    add("condition", "groupCondition", [writeLong("condition", condition, "condition", "conditionHint")]);
  }
  if (isAny("bpmn:FlowElement", "bpmn:Lane", "bpmn:Process", "bpmn:Participant")) {
    add("name-en", "groupName", [write("name-en", NAME_EN, "nameEn")]);
  }
  return found;
}

function isMessage(element: Drawn): boolean {
  if (is(element as never, "bpmn:ReceiveTask") || is(element as never, "bpmn:SendTask")) return true;
  return (element.businessObject.eventDefinitions ?? []).some(({ $type }) => $type === "bpmn:MessageEventDefinition");
}

/** An external task of the connector's name, as Camunda's modeller writes it. */
const CONNECTOR_TASK: Value = {
  read: CONNECTOR.read,
  write: (semantic, text, factory) => {
    const change = CONNECTOR.write(semantic, text, factory);
    if ("camunda:topic" in change.properties) change.properties["camunda:type"] = text ? "external" : undefined;
    return change;
  },
};

function entriesFor(element: Drawn, say: Say) {
  const bound = (value: Value) => {
    const modeling = useService<Modeling>("modeling");
    const factory = useService<Factory>("bpmnFactory");
    return {
      getValue: (): string => value.read(element.businessObject),
      setValue: (text: string | undefined): void => {
        const { target, properties } = value.write(element.businessObject, (text ?? "").trim(), factory);
        for (const child of Object.values(properties)) adopt(child, element.businessObject);
        modeling.updateModdleProperties(element, target ?? element.businessObject, properties);
      },
    };
  };
  const describe = (hint?: Word): Record<string, unknown> => (hint ? { description: say(hint) } : {});

  const choose = (id: string, value: Value, choices: Choice[], label: Word, hint?: Word): Entry => ({
    id: `lm-${id}`,
    isEdited: isSelectEntryEdited,
    component: (props) => {
      const { getValue, setValue } = bound(value);
      const getOptions = () => optionsFor(choices, getValue(), say);
      return jsx(SelectEntry, { ...props, element, label: say(label), getValue, setValue, getOptions, ...describe(hint) });
    },
  });
  /** What is settled elsewhere and only shown here. */
  const show = (id: string, key: string, choices: Choice[], label: Word, hint: Word): Entry => ({
    id: `lm-${id}`,
    isEdited: () => key !== "",
    component: (props) =>
      jsx(SelectEntry, {
        ...props,
        element,
        label: say(label),
        disabled: true,
        getValue: () => key,
        setValue: () => undefined,
        getOptions: () => optionsFor(choices, key, say),
        ...describe(hint),
      }),
  });
  const field = (kind: unknown, isEdited: Entry["isEdited"], extra: Record<string, unknown>) =>
    (id: string, value: Value, label: Word, hint?: Word): Entry => ({
      id: `lm-${id}`,
      isEdited,
      component: (props) => {
        const debounce = useService("debounceInput");
        return jsx(kind, { ...props, ...extra, element, label: say(label), debounce, ...bound(value), ...describe(hint) });
      },
    });
  return {
    choose,
    show,
    write: field(TextFieldEntry, isTextFieldEntryEdited, {}),
    writeLong: field(TextAreaEntry, isTextAreaEntryEdited, { rows: 3, monospace: true }),
  };
}

function adopt(child: unknown, parent: Semantic): void {
  if (typeof child === "object" && child !== null && "$type" in child) (child as Semantic).$parent = parent;
}

/** The choices, with a blank first and, where the file names something unknown, that name marked as missing. */
function optionsFor(choices: Choice[], current: string, say: Say): { value: string; label: string }[] {
  const options = [{ value: "", label: say("none") }, ...choices.map(({ key, label }) => ({ value: key, label }))];
  // A select shows an unknown value as blank, and the next save would quietly lose it.
  if (current && !choices.some(({ key }) => key === current)) {
    options.push({ value: current, label: say("missing", { key: current }) });
  }
  return options;
}
