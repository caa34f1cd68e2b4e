"""The data set Jinan-161 as constants: fifteen districts, their 161 streets and towns, 24 providers. People are synthetic.

Names of districts and streets are public; functional zones have no GB/T 2260 code of their own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class District:
    key: str
    code: str
    zh: str
    en: str
    is_official: bool
    streets: tuple[str, ...]


def _district(key: str, code: str, zh: str, en: str, streets: str, *, is_official: bool = True) -> District:
    return District(key, code, zh, en, is_official, tuple(streets.split()))


DISTRICTS = (
    _district("lixia", "370102", "历下区", "Lixia", "解放路 千佛山 趵突泉 泉城路 大明湖 东关 文化东路 建筑新村 甸柳新村 燕山 姚家 龙洞 智远 舜华路"),
    _district("shizhong", "370103", "市中区", "Shizhong", "大观园 杆石桥 四里村 魏家庄 二七新村 七里山 六里山 舜玉路 泺源 王官庄 舜耕 白马山 七贤 十六里河 兴隆 党家 陡沟"),
    _district("huaiyin", "370104", "槐荫区", "Huaiyin", "振兴街 中大槐树 道德街 西市场 五里沟 营市街 青年公园 南辛庄 段店北路 张庄路 匡山 美里湖 吴家堡 腊山 兴福 玉清湖"),
    _district("tianqiao", "370105", "天桥区", "Tianqiao", "无影山 天桥东街 北村 南村 堤口路 北坦 制锦市 宝华街 官扎营 纬北路 药山 北园 泺口 桑梓店 大桥"),
    _district("licheng", "370112", "历城区", "Licheng", "洪家楼 东风 全福 山大路 孙村 巨野河 华山 荷花路 王舍人 鲍山 郭店 唐冶 港沟 董家"),
    _district("changqing", "370113", "长清区", "Changqing", "文昌 崮云湖 平安 五峰山 归德 张夏 万德 孝里 马山镇 双泉镇"),
    _district("zhangqiu", "370114", "章丘区", "Zhangqiu", "明水 双山 龙山 枣园 埠村 圣井 普集 绣惠 相公庄 文祖 官庄 刁镇 曹范 宁家埠 高官寨 白云湖 垛庄镇"),
    _district("jiyang", "370115", "济阳区", "Jiyang", "济阳 济北 崔寨 孙耿 回河 太平 垛石 曲堤镇 仁风镇 新市镇"),
    _district("laiwu", "370116", "莱芜区", "Laiwu", "凤城 张家洼 高庄 鹏泉 口镇 羊里 方下 牛泉镇 苗山镇 雪野 大王庄镇 寨里镇 杨庄镇 茶业口镇 和庄镇"),
    _district("gangcheng", "370117", "钢城区", "Gangcheng", "艾山 汶源 里辛 颜庄 辛庄"),
    _district("pingyin", "370124", "平阴县", "Pingyin", "榆山 锦水 东阿镇 孝直镇 孔村镇 洪范池镇 玫瑰镇 安城镇"),
    _district("shanghe", "370126", "商河县", "Shanghe", "许商 殷巷镇 怀仁镇 玉皇庙 龙桑寺镇 郑路镇 贾庄镇 白桥镇 孙集镇 韩庙镇 沙河镇 张坊镇"),
    _district("gaoxin", "3701H1", "高新区", "High-tech Zone", "东区 遥墙 临港 创新谷", is_official=False),
    _district("nanshan", "3701H2", "南部山区", "Southern Mountains", "仲宫 柳埠 西营", is_official=False),
    _district("qibu", "3701H3", "起步区", "Start-up Zone", "黄河北", is_official=False),
)  # fmt: skip
STATIONS = 161
STAFF = 571
CASES = 366
ACTIVITIES = 2295
WEAK = ("lixia", "甸柳新村")  # the station whose automatic points stay at 35 or below
# Their contracts end in May 2026, so that the visitor has something to buy.
EXPIRING = (("lixia", "龙洞"), ("lixia", "智远"))
SHORT_DISTRICT = "licheng"  # 47 staff of whom 28 are qualified
SHORT_STAFF, SHORT_QUALIFIED = 47, 28
PROVIDER_NAMES = (
    "惠民", "阳光", "和谐", "齐鲁", "泉城", "明湖", "历山", "善泉", "同心", "仁爱", "启航", "春晖",
    "益家", "安康", "新民", "德润", "云帆", "众合", "普惠", "乐群", "睦邻", "致远", "博爱", "青禾",
)  # fmt: skip
PROVIDER_PINYIN = (
    "Huimin", "Yangguang", "Hexie", "Qilu", "Quancheng", "Minghu", "Lishan", "Shanquan", "Tongxin", "Ren'ai", "Qihang",
    "Chunhui", "Yijia", "Ankang", "Xinmin", "Derun", "Yunfan", "Zhonghe", "Puhui", "Lequn", "Mulin", "Zhiyuan", "Bo'ai",
    "Qinghe",
)  # fmt: skip
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰梅鑫波宁慧宇浩凯健雪晨阳婷颖琳璐倩琪佳欣怡悦思远子涵梓轩雨桐一诺"


def street_name(short: str) -> tuple[str, str]:
    """The office's full name and what it is: a street, or a town where the short name says so."""
    return (short, "镇") if short.endswith("镇") else (f"{short}街道", "街道")


def street_name_en(district: District, place: int) -> str:
    """The English name of the district's street at that place: by number, for the names are not ours to translate."""
    _, kind = street_name(district.streets[place - 1])
    return f"{district.en} {'Town' if kind == '镇' else 'Subdistrict'} {place}"
