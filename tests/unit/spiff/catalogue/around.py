"""Data, lanes, collaborations and artifacts."""

from __future__ import annotations

from ..runner import end, flows, script, start, task
from .drawing import PLAIN, between, element, gateway, pools, sub, with_roots
from .row import Other, Refusal, executed, reader, refused

OBJECTS = (
    '<bpmn:dataObject id="do1"/><bpmn:dataObjectReference id="dr1" name="amount" dataObjectRef="do1"/>'
    '<bpmn:dataObject id="do2"/><bpmn:dataObjectReference id="dr2" name="doubled" dataObjectRef="do2"/>'
)
SPECIFIED = (
    '<bpmn:ioSpecification><bpmn:dataInput id="in" name="n"/><bpmn:dataOutput id="out" name="r"/>'
    '<bpmn:inputSet id="ins"><bpmn:dataInputRefs>in</bpmn:dataInputRefs></bpmn:inputSet>'
    '<bpmn:outputSet id="outs"><bpmn:dataOutputRefs>out</bpmn:dataOutputRefs></bpmn:outputSet></bpmn:ioSpecification>'
)
PROPERTIES = '<bpmn:property id="pa" name="a"/><bpmn:property id="pb" name="b"/>'


def association(kind: str, source: str, target: str, more: str = "") -> str:
    ends = f"<bpmn:sourceRef>{source}</bpmn:sourceRef>" if source else ""
    return element(
        f"data{kind}Association", f"{ends}<bpmn:targetRef>{target}</bpmn:targetRef>{more}", "", f"{kind}{target}"
    )


def assigned(source: str, target: str) -> str:
    return f"<bpmn:assignment><bpmn:from>{source}</bpmn:from><bpmn:to>{target}</bpmn:to></bpmn:assignment>"


STORE = '<bpmn:dataStoreReference id="sr" name="台账" dataStoreRef="store"/>'


def keyed(kind: str, source: str, target: str, more: str = "") -> str:
    """An association with the entry of a store whose key is the variable `no`."""
    return association(kind, source, target, more).replace(' id="', ' lm:key="=no" id="', 1)


BROKEN = Refusal("feel-syntax", PROPERTIES + between(task("x", association("Input", "pa", "pb", assigned("a +", "b")))))

DATA = (
    executed(
        "数据输入、数据输出及其关联",
        "data input, data output and their associations",
        OBJECTS
        + between(
            script(
                "x", "n * 2", "r", SPECIFIED + association("Input", "dr1", "in") + association("Output", "out", "dr2")
            )
        ),
        "s x e",
        BROKEN,
        given={"amount": 21},
        gives={"doubled": 42},
        more=["test_data_associations_are_mappings_in_and_out"],
    ),
    executed(
        "数据关联的转换",
        "transformation of a data association",
        PROPERTIES
        + between(
            script("x", "b", "r", association("Input", "pa", "pb", "<bpmn:transformation>a + 1</bpmn:transformation>"))
        ),
        "s x e",
        Refusal(
            "feel-syntax",
            PROPERTIES
            + between(task("x", association("Input", "pa", "pb", "<bpmn:transformation>a +</bpmn:transformation>"))),
        ),
        given={"a": 1},
        gives={"r": 2},
        more=["test_a_transformation_and_assignments_say_what_is_passed"],
    ),
    executed(
        "数据关联的赋值",
        "assignment of a data association",
        PROPERTIES + between(script("x", "a + 1", "r", association("Output", "", "pb", assigned("r * 10", "b")))),
        "s x e",
        BROKEN,
        given={"a": 1},
        gives={"b": 20},
    ),
    executed(
        "子流程的数据对象与属性：只在其内",
        "data object and property of a sub-process: its own",
        between(
            sub('<bpmn:dataObject id="o" name="a"/>' + script("t", "5", "a") + script("u", "a + 1", "b") + flows("t u"))
        ),
        "s +x t u -x e",
        Refusal(
            "data-name",
            '<bpmn:dataObject id="o" name="order [paid]"/>'
            + between(
                task(
                    "x",
                    '<bpmn:ioSpecification><bpmn:dataInput id="i" name="n"/></bpmn:ioSpecification>'
                    "<bpmn:dataInputAssociation><bpmn:sourceRef>o</bpmn:sourceRef><bpmn:targetRef>i</bpmn:targetRef>"
                    "</bpmn:dataInputAssociation>",
                )
            ),
        ),
        given={"a": 1},
        gives={"a": 1, "b": 6},
        more=["test_what_a_sub_process_declares_is_its_own"],
    ),
    refused(
        "别的子流程的数据对象",
        "data object of another sub-process",
        "data-out-of-sight",
        between(sub('<bpmn:dataObject id="o" name="a"/>' + task("t")))
        + task(
            "y",
            "<bpmn:dataInputAssociation><bpmn:sourceRef>o</bpmn:sourceRef><bpmn:targetRef>i</bpmn:targetRef>"
            "</bpmn:dataInputAssociation>",
        ),
    ),
    executed(
        "属性与数据对象：同名变量",
        "property and data object: the variable of that name",
        PROPERTIES
        + '<bpmn:dataObject id="do"/><bpmn:dataObjectReference id="dr" name="a" dataObjectRef="do"/>'
        + between(script("x", "a + 1", "b")),
        "s x e",
        Refusal("feel-syntax", between(script("x", "a +", "b"))),
        given={"a": 1},
        gives={"b": 2},
    ),
    reader(
        "没有作用的数据关联",
        "data association that moves nothing",
        OBJECTS
        + between(
            task("x", '<bpmn:property id="px" name="__targetRef_placeholder"/>' + association("Input", "dr1", "px"))
        ),
        "s +x [complete x] -x e",
        more=["test_an_association_that_a_modeller_drew_for_the_reader_changes_nothing"],
    ),
    executed(
        "输入集：等到数据齐备",
        "input set: waits for its data",
        OBJECTS
        + start()
        + gateway("parallel", "f")
        + task("a")
        + script("x", "n * 2", "r", SPECIFIED + association("Input", "dr1", "in") + association("Output", "out", "dr2"))
        + end()
        + flows("s f a", "f x e"),
        "s f +a [complete a amount=21] -a x e",
        Other("s f +a x e [complete a] -a", never="-a +x", given={"amount": 4}),
        gives={"doubled": 42},
        more=[
            "test_an_activity_waits_for_one_of_its_input_sets",
            "test_what_is_optional_or_may_come_later_is_not_waited_for",
            "test_data_that_nothing_can_bring_any_more_is_an_incident",
            "test_an_activity_that_waits_for_data_in_a_sub_process_is_told_when_an_operator_sets_it",
        ],
    ),
    reader(
        "没有关联的输入集与输出集",
        "input set and output set without associations",
        between(element("task", SPECIFIED)),
        "s x e",
    ),
    reader(
        "数据存储引用，没有关联", "data store reference without association", STORE + between(element("task")), "s x e"
    ),
    executed(
        "写数据存储再读",
        "data store that is written and read",
        STORE
        + start()
        + task("x", association("Output", "", "sr", assigned("n", "l")))
        + script("y", "a + 1", "r", PROPERTIES + association("Input", "sr", "pa"))
        + end()
        + flows("s x y e"),
        "s +x [complete x n=41] -x y e",
        Refusal("store-writes-nothing", STORE + between(task("x", association("Output", "", "sr")))),
        gives={"r": 42},
        more=[
            "test_a_store_is_read_and_written_by_the_key_that_the_association_names",
            "test_what_is_written_to_a_store_is_null_again_when_null_is_written",
            "test_a_store_that_cannot_be_written_parks_the_activity_and_a_retry_does_nothing_twice",
        ],
    ),
    executed(
        "按键读写数据存储（扩展）",
        "entry of a data store, by a key (extension)",
        STORE
        + PROPERTIES
        + start()
        + task("x", keyed("Output", "", "sr", assigned("n * 2", "l")))
        + script("y", "a", "r", keyed("Input", "sr", "pa"))
        + end()
        + flows("s x y e"),
        "s +x [complete x n=4] -x y e",
        Refusal("feel-syntax", STORE + between(task("x", keyed("Output", "", "sr", assigned("n +", "l"))))),
        given={"no": "A"},
        gives={"r": 8},
        more=["test_a_store_is_read_and_written_by_the_key_that_the_association_names"],
    ),
    refused(
        "读到无处的数据存储",
        "data store that is read into nothing",
        "store-read-nowhere",
        STORE
        + between(
            task("x", '<bpmn:property id="px" name="__targetRef_placeholder"/>' + association("Input", "sr", "px"))
        ),
    ),
    refused(
        "没有名称的数据存储",
        "data store without a name",
        "store-unnamed",
        '<bpmn:dataStoreReference id="sr"/>' + between(task("x", association("Output", "", "sr", assigned("n", "l")))),
    ),
    refused(
        "引用不存在的数据存储",
        "data store that does not exist",
        "unresolved-reference",
        '<bpmn:dataStoreReference id="sr" dataStoreRef="nowhere"/>'
        + between(task("x", association("Output", "", "sr", assigned("n", "l")))),
    ),
)

SUBSCRIPTION = element(
    "correlationSubscription",
    '<bpmn:correlationPropertyBinding correlationPropertyRef="cp"><bpmn:dataPath>no</bpmn:dataPath>'
    "</bpmn:correlationPropertyBinding>",
    'correlationKeyRef="ck"',
    "cs",
)
KEYED = (
    '<bpmn:correlationProperty id="cp"><bpmn:correlationPropertyRetrievalExpression messageRef="m">'
    "<bpmn:messagePath>order.no</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
    '<bpmn:collaboration id="co"><bpmn:correlationKey id="ck"><bpmn:correlationPropertyRef>cp'
    "</bpmn:correlationPropertyRef></bpmn:correlationKey></bpmn:collaboration>"
)
LANES = element("laneSet", element("lane", "<bpmn:flowNodeRef>t</bpmn:flowNodeRef>", 'name="街道"', "l1"), "", "ls")

AROUND = (
    executed(
        "几个流程",
        "several processes in one file: each is its own",
        pools(PLAIN, task("other")),
        "s +t [complete t] -t e",
        Refusal(
            "flow-crosses-boundary", PLAIN + element("subProcess", task("other"), "", "sp") + flows("s sp", "t other")
        ),
        more=["test_several_processes_of_a_collaboration_are_read_together"],
    ),
    executed(
        "消息流：命名没有名称的消息",
        "message flow: names a message nobody named",
        with_roots(
            pools(element("sendTask"), element("startEvent", "<bpmn:messageEventDefinition/>", "", "y")),
            element("collaboration", '<bpmn:messageFlow id="order" sourceRef="x" targetRef="y"/>', "", "co"),
        ),
        "x",
        Refusal("message-missing", element("sendTask")),
        throws="message order",
        more=["test_message_flows_between_pools_name_the_messages_that_nobody_named"],
    ),
    executed(
        "关联订阅：按键关联消息",
        "correlation subscription: messages told apart by a key",
        with_roots(
            SUBSCRIPTION + start() + element("receiveTask", "", 'messageRef="m"') + end() + flows("s x e"), KEYED
        ),
        "s +x [deliver x] -x e",
        Refusal(
            "correlation-key-alone",
            with_roots(start() + element("receiveTask", "", 'messageRef="m"') + flows("s x"), KEYED),
        ),
        given={"no": 7},
        more=[
            "test_a_message_is_awaited_by_the_key_that_the_subscription_binds",
            "test_a_key_follows_the_variables_it_comes_from",
        ],
    ),
    reader(
        "泳道（按名称给角色）",
        "lane (its name gives tasks to a role)",
        LANES + PLAIN,
        "s +t [complete t] -t e",
        more=["test_a_process_tells_what_the_engine_above_needs_to_know"],
    ),
    reader(
        "文字注释与关联",
        "text annotation and association",
        PLAIN + '<bpmn:textAnnotation id="n"><bpmn:text>x</bpmn:text></bpmn:textAnnotation>'
        '<bpmn:association id="as" sourceRef="t" targetRef="n"/>',
        "s +t [complete t] -t e",
    ),
    *(
        reader(zh, en, with_roots(PLAIN, roots), "s +t [complete t] -t e")
        for zh, en, roots in (
            (
                "泳池（含参与者数量）",
                "pool, with participant multiplicity",
                '<bpmn:collaboration id="co"><bpmn:participant id="pp" name="甲" processRef="p">'
                '<bpmn:participantMultiplicity minimum="2" maximum="3"/></bpmn:participant></bpmn:collaboration>',
            ),
            (
                "协作图中的会话",
                "conversation in a collaboration",
                '<bpmn:collaboration id="co"><bpmn:conversation id="cv"/><bpmn:callConversation id="cc"/>'
                "</bpmn:collaboration>",
            ),
            (
                "关联键的声明",
                "correlation key and property",
                '<bpmn:collaboration id="co"><bpmn:correlationKey id="ck"/></bpmn:collaboration>'
                '<bpmn:correlationProperty id="cp"/>',
            ),
            (
                "编排图",
                "choreography beside a process",
                '<bpmn:choreography id="ch"><bpmn:choreographyTask id="ct"/></bpmn:choreography>',
            ),
            ("全局会话", "global conversation", '<bpmn:globalConversation id="gv"/>'),
            (
                "接口与操作",
                "interface and operation",
                '<bpmn:interface id="if"><bpmn:operation id="op"/></bpmn:interface>',
            ),
            (
                "数据类型与存储声明",
                "item definition and data store",
                '<bpmn:itemDefinition id="it"/><bpmn:dataStore id="d2"/>',
            ),
            ("资源声明", "resource", '<bpmn:resource id="re" name="科室"/>'),
            ("类别", "category", '<bpmn:category id="ca"><bpmn:categoryValue id="cv"/></bpmn:category>'),
            (
                "伙伴与端点",
                "partner and end point",
                '<bpmn:partnerEntity id="pe"/><bpmn:partnerRole id="pr"/><bpmn:endPoint id="ep"/>',
            ),
            (
                "导入与关系",
                "import and relationship",
                '<bpmn:import importType="x" location="y" namespace="z"/><bpmn:relationship id="rl" type="x"/>',
            ),
        )
    ),
    reader(
        "执行人（决定谁办，不改变顺序）",
        "performer, potential owner (who, not when)",
        between(task("x", '<bpmn:potentialOwner id="po"/><bpmn:performer id="pf"/>')),
        "s +x [complete x] -x e",
        more=["test_what_is_foreign_survives_storing"],
    ),
    reader("组", "group", PLAIN + '<bpmn:group id="gr"/>', "s +t [complete t] -t e"),
    reader("说明", "documentation", PLAIN + "<bpmn:documentation>x</bpmn:documentation>", "s +t [complete t] -t e"),
    reader(
        "审计与监控", "auditing and monitoring", "<bpmn:auditing/><bpmn:monitoring/>" + PLAIN, "s +t [complete t] -t e"
    ),
    *(
        refused(zh, en, rule, PLAIN + element(tag))
        for zh, en, tag, rule in (
            ("编排任务", "choreography task", "choreographyTask", "choreography"),
            ("子编排", "sub-choreography", "subChoreography", "choreography"),
            ("调用编排", "call choreography", "callChoreography", "choreography"),
            ("会话", "conversation in a process", "conversation", "unsupported-element"),
            ("子会话", "sub-conversation in a process", "subConversation", "unsupported-element"),
            ("调用会话", "call conversation in a process", "callConversation", "unsupported-element"),
            ("隐式抛出事件", "implicit throw event as an element", "implicitThrowEvent", "unsupported-element"),
        )
    ),
)
