use super::*;

fn read<'a>(text: &'a str, want: Want, kind: Option<&'a Kind>) -> Result<Value<'a>> {
    let mut reader = Reader::new(text);
    let value = Value::read(&mut reader, want, kind, None)?;
    reader.end()?;
    Ok(value)
}

fn column(text: &str, want: Want) -> Result<Plain<'_>> {
    read(text, want, None).map(|value| value.plain)
}

fn text(value: &str) -> Plain<'_> {
    Plain::Text(Text::plain(value))
}

#[test]
fn every_encoding_gives_the_plain_value() {
    let long = "340282366920938463463374607431768211455";
    let cases = [
        ("null", Plain::Null),
        (r#"{"none":[]}"#, Plain::Null),
        (r#"{"none":{}}"#, Plain::Null),
        (r#"{"some":{"none":[]}}"#, Plain::Null),
        (r#" { "some" : "a" } "#, text("a")),
        (r#"{"s\u006fme":"a"}"#, text("a")),
        (r#"{"some":{"__timestamp_micros_since_unix_epoch__":17}}"#, Plain::Number("17")),
        (r#"{"__timestamp_micros_since_unix_epoch__":"17"}"#, text("17")),
        (r#"{"__identity__":"0xc2"}"#, text("0xc2")),
        (r#"{"__pear":"bigint","v":"123"}"#, text("123")),
        (r#"{"v":"123","__pear":"timestamp"}"#, text("123")),
        (r#"{"tag":"Published","value":{}}"#, text("Published")),
        (r#"{"value":[],"tag":"Published"}"#, text("Published")),
        (r#"{"some":{"Draft":{ }}}"#, text("Draft")),
        (r#"{"Published":[]}"#, text("Published")),
        (long, Plain::Number(long)),
        ("true", Plain::Bool(true)),
        ("[17]", Plain::Number("17")),
        ("[[\"0xc2\"]]", text("0xc2")),
        ("[0,\"a\"]", text("a")),
        ("[0,[17]]", Plain::Number("17")),
        ("[0, [1, []]]", Plain::Null),
        ("[1,{}]", Plain::Null),
        ("[1,[]]", Plain::Null),
        ("[]", Plain::Array("[]")),
        ("[1,2]", Plain::Array("[1,2]")),
        ("[0,1,2]", Plain::Array("[0,1,2]")),
        ("{}", Plain::Object("{}")),
        (r#"{"some":1,"more":2}"#, Plain::Object(r#"{"some":1,"more":2}"#)),
        (r#"{"Rejected":"why"}"#, Plain::Object(r#"{"Rejected":"why"}"#)),
    ];
    for (raw, expected) in cases {
        assert_eq!(column(raw, Want::Scalar), Ok(expected), "{raw}");
    }
}

#[test]
fn a_variant_is_its_name_where_its_number_says_nothing() {
    let rejected = Plain::Choice(Text::plain("Rejected"));
    let cases = [
        (r#"{"Rejected":"why"}"#, rejected),
        (r#"{"tag":"Rejected","value":"why"}"#, rejected),
        (r#"{"Draft":{}}"#, text("Draft")),
        ("[0,\"draft\"]", text("draft")),
        ("[true]", Plain::Bool(true)),
        ("[0,[]]", Plain::Unnamed),
        ("[1,{}]", Plain::Unnamed),
        ("[2,\"why\"]", Plain::Unnamed),
    ];
    for (raw, expected) in cases {
        assert_eq!(column(raw, Want::Choice), Ok(expected), "{raw}");
    }
}

#[test]
fn json_stands_for_itself_but_for_options() {
    let cases = [
        ("[1,2]", Plain::Array("[1,2]")),
        ("[5]", Plain::Array("[5]")),
        ("[0,5]", Plain::Array("[0,5]")),
        ("[0,\"[]\"]", text("[]")),
        ("[1,[]]", Plain::Null),
        (r#"{"some":"[]"}"#, text("[]")),
        (r#"{"a":{}}"#, Plain::Object(r#"{"a":{}}"#)),
        (r#"{"tag":"a","value":{}}"#, Plain::Object(r#"{"tag":"a","value":{}}"#)),
    ];
    for (raw, expected) in cases {
        assert_eq!(column(raw, Want::Json), Ok(expected), "{raw}");
    }
    let part = Value::of_part(Raw::Array("[1,[]]"), Want::Scalar).unwrap();
    assert_eq!(part.plain, Plain::Array("[1,[]]"));
}

#[test]
fn a_typed_value_is_read_exactly_by_its_type() {
    let marked = |mark: &str| Kind::Marked(mark.to_owned(), Box::new(Kind::Plain));
    let option = |kind| Kind::Option(Box::new(kind));
    let variants = ["Draft", "Published", "Rejected"].map(|name| (name.to_owned(), Kind::Plain));
    let sum = Kind::Sum(variants.into());
    let cases = [
        ("[0,\"a\"]", option(Kind::Plain), Want::Scalar, Ok(text("a"))),
        ("[1,[]]", option(Kind::Plain), Want::Choice, Ok(Plain::Null)),
        ("[0,[1,{}]]", option(option(Kind::Plain)), Want::Scalar, Ok(Plain::Null)),
        ("[0,[17]]", option(marked("__x__")), Want::Scalar, Ok(Plain::Number("17"))),
        ("[1,[]]", sum.clone(), Want::Choice, Ok(text("Published"))),
        ("[2,\"why\"]", sum.clone(), Want::Choice, Ok(Plain::Choice(Text::plain("Rejected")))),
        ("[0,[1,[]]]", option(sum.clone()), Want::Choice, Ok(text("Published"))),
        ("[\"cat\"]", Kind::Plain, Want::Scalar, Ok(Plain::Array("[\"cat\"]"))),
        ("[1,[]]", Kind::Plain, Want::Json, Ok(Plain::Array("[1,[]]"))),
        ("7", option(Kind::Plain), Want::Scalar, Ok(Plain::Number("7"))),
        (r#"{"some":7}"#, option(Kind::Plain), Want::Scalar, Ok(Plain::Number("7"))),
        ("[3,[]]", sum.clone(), Want::Choice, Err(Defect::OtherKind)),
        ("[-1,[]]", sum, Want::Choice, Err(Defect::OtherKind)),
        ("[2,[]]", option(Kind::Plain), Want::Scalar, Err(Defect::OtherKind)),
        ("[1,7]", option(Kind::Plain), Want::Scalar, Err(Defect::OtherKind)),
        ("[1,2]", marked("__x__"), Want::Scalar, Err(Defect::OtherKind)),
    ];
    for (raw, kind, want, expected) in cases {
        let value = read(raw, want, Some(&kind)).map(|value| value.plain);
        assert_eq!(value, expected, "{raw} {kind:?}");
    }
}

#[test]
fn every_spelling_of_an_id_is_the_same_id() {
    let kind = Kind::Marked(IDENTITY.to_owned(), Box::new(Kind::Plain));
    let full = format!("{:0>64}", "c2");
    let bare = format!("\"{}\"", full.to_uppercase());
    let cases = [
        (r#"{"__identity__":"0xc2"}"#, None),
        (r#"{"__identity__":"194"}"#, None),
        (r#"{"__identity__":194}"#, None),
        (r#"{"some":{"__identity__":"194"}}"#, None),
        (r#"{"__pear":"identity","v":"0x00C2"}"#, None),
        (r#"["0xc2"]"#, None),
        (r#"["194"]"#, Some(&kind)),
        (&bare, None),
    ];
    for (raw, kind) in cases {
        let value = read(raw, Want::Scalar, kind).unwrap();
        assert_eq!(value.id().unwrap().unwrap(), full, "{raw}");
    }
    for (raw, id) in [("7", Some("7")), ("\"7\"", Some("7")), ("\"\"", None), ("null", None)] {
        let value = read(raw, Want::Scalar, None).unwrap();
        assert_eq!(value.id().unwrap().as_deref(), id, "{raw}");
    }
    for raw in ["1.5", "true", "{}", "[1,2]"] {
        let value = read(raw, Want::Scalar, None).unwrap();
        assert_eq!(value.id(), Err(Defect::NotId), "{raw}");
    }
}

#[test]
fn endless_wrapping_and_lone_surrogates_are_defects() {
    let wrapped = format!("{}1{}", "{\"some\":".repeat(20), "}".repeat(20));
    assert_eq!(column(&wrapped, Want::Scalar), Err(Defect::TooDeep));
    assert_eq!(
        column(&format!("{}1{}", "[".repeat(20), "]".repeat(20)), Want::Scalar),
        Err(Defect::TooDeep)
    );
    assert_eq!(column(r#"{"\ud800":1}"#, Want::Scalar), Err(Defect::Encoding));
}

#[test]
fn only_whole_numbers_are_whole_numbers() {
    for digits in ["0", "-0", "7", "-12", "123456789012345678901234567890"] {
        assert!(is_integer(digits), "{digits}");
    }
    for digits in ["", "-", "01", "-01", "1.0", "1e3", "+1", " 1", "١", &"9".repeat(101)] {
        assert!(!is_integer(digits), "{digits}");
    }
}

/// Only with layers is every wrapping taken off one by one.
#[test]
fn the_quick_way_reads_what_the_careful_way_reads() {
    let time = r#"{"__timestamp_micros_since_unix_epoch__":"#;
    let inner =
        ["17", "\"a\"", "null", "[1]", "[0,1]", "{}", r#"{"none":[]}"#, "1x", "", r#"{"a":1}"#];
    let starts = ["", r#"{"some":"#, r#"{"some": "#, time, r#"{"none":"#];
    let ends = ["", "}", "}}", " }}", ",}}", "}}}"];
    for (outer, second) in starts.iter().flat_map(|one| starts.map(|other| (one, other))) {
        for (inner, end) in inner.iter().flat_map(|inner| ends.map(|end| (inner, end))) {
            let text = format!("{outer}{second}{inner}{end}");
            for want in [Want::Scalar, Want::Choice, Want::Json] {
                let (mut quick, mut careful) = (Reader::new(&text), Reader::new(&text));
                let start = careful;
                let layers = &mut Vec::new();
                let expected = Value::read(&mut careful, want, None, Some(layers));
                assert_eq!(Value::read(&mut quick, want, None, None), expected, "{text}");
                if expected.is_ok() {
                    assert_eq!(start.until(&quick), start.until(&careful), "{text}");
                }
            }
        }
    }
}
