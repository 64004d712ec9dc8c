//! Lists of everyday words from which titles, summaries and names are put together.

use crate::source::Source;

const PLACES: &[&str] = &[
    "雨巷",
    "旧城",
    "雪山",
    "海边",
    "竹林",
    "古镇",
    "星河",
    "沙漠",
    "森林深处",
    "云端",
    "灯塔",
    "老街",
    "花园",
    "湖畔",
    "屋顶",
    "小镇车站",
    "山谷",
    "茶馆",
    "图书馆",
    "夜市",
];
const THINGS: &[&str] = &[
    "猫咪",
    "灯笼",
    "列车",
    "纸鸢",
    "风铃",
    "钟楼",
    "小船",
    "狐狸",
    "画师",
    "旅人",
    "机器人",
    "糖果屋",
    "萤火虫",
    "邮差",
    "龙与少年",
    "白鹤",
    "面包师",
    "月亮",
    "向日葵",
    "鲸鱼",
];
const MOODS: &[&str] = &[
    "黄昏的",
    "安静的",
    "迷路的",
    "温暖的",
    "遥远的",
    "金色的",
    "沉睡的",
    "奇妙的",
    "下雨天的",
    "久违的",
    "微醺的",
    "会唱歌的",
];
const TAGS: &[&str] = &[
    "治愈",
    "国风",
    "童话",
    "科幻",
    "悬疑",
    "美食",
    "动物",
    "风景",
    "古风",
    "蒸汽朋克",
    "赛博",
    "节日",
    "水墨",
    "像素",
    "冒险",
    "日常",
];
const SENTENCES: &[&str] = &[
    "沿着石板路一直走，就能看见那盏亮了一整夜的灯。",
    "拼好每一块碎片，故事才会慢慢浮现出来。",
    "听说每到起雾的清晨，这里都会多出一条小路。",
    "孩子们把秘密藏在第三块砖的后面，从来没有人找到过。",
    "风从北面吹来，带着松针和旧书的味道。",
    "他答应过要回来，于是她每天都把窗子打开。",
    "共12个关卡，难度逐级提升，适合全家一起玩！",
    "画面参考了宋代山水，颜色尽量清淡。",
    "如果你也喜欢下雨天，请留下来坐一会儿。",
    "The last train leaves at 23:45, don't be late.",
    "收集七枚徽章🎐即可解锁隐藏结局✨。",
];
const FAMILY: &[&str] = &["林", "陈", "苏", "沈", "顾", "叶", "江", "白", "许", "秦"];
const GIVEN: &[&str] =
    &["小满", "知秋", "听雨", "不语", "南星", "阿远", "一舟", "青禾", "Mika", "十七"];
const ROLES: &[&str] =
    &["守夜人", "药师", "流浪剑客", "说书先生", "船长", "女巫", "见习骑士", "铁匠"];

pub(crate) fn title(source: &mut Source<'_>) -> String {
    let title = match source.below(3) {
        0 => format!("{}{}", source.pick(MOODS), source.pick(THINGS)),
        1 => format!("{}里的{}", source.pick(PLACES), source.pick(THINGS)),
        _ => format!("{}{}·第{}章", source.pick(MOODS), source.pick(PLACES), source.below(98) + 2),
    };
    source.note_text(&title);
    title
}

pub(crate) fn summary(source: &mut Source<'_>, sentences: u64) -> String {
    let summary: String = (0..sentences).map(|_| source.pick(SENTENCES)).collect();
    source.note_text(&summary);
    summary
}

pub(crate) fn tags(source: &mut Source<'_>) -> Vec<&'static str> {
    let start = source.below(TAGS.len() as u64) as usize;
    let count = 2 + source.below(3) as usize;
    TAGS.iter().cycle().skip(start).step_by(3).take(count).copied().collect()
}

pub(crate) fn role(source: &mut Source<'_>) -> String {
    let role = format!("{}·{}", source.pick(ROLES), source.pick(GIVEN));
    source.note_text(&role);
    role
}

/// A display name that always belongs to the same person.
pub(crate) fn author(source: &mut Source<'_>, index: u64) -> String {
    let pick = |from: &[&'static str], step: u64| from[(index / step) as usize % from.len()];
    let name = format!("{}{}的画室{}", pick(FAMILY, 1), pick(GIVEN, 3), index + 1);
    source.note_text(&name);
    name
}
