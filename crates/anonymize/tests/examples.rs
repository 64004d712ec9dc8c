//! What the examples print.

#[path = "../examples/clinic.rs"]
#[allow(dead_code, reason = "its main is for people")]
mod clinic;

#[test]
fn the_clinic_prints_rows_that_are_joined_and_nothing_private() {
    let mut printed = Vec::new();
    clinic::print(&mut printed).expect("the example's dump is right");
    let printed = String::from_utf8(printed).expect("JSON is UTF-8");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 6, "{printed}");
    let id = lines[1].split('"').nth(3).expect("the first row has an id");
    assert!(id.starts_with("patient-") && lines[1].contains("\"insurance_no\":\"KV-"));
    assert!(lines[4].contains(&format!("\"image\":\"/scans/{id}/head.png\"")), "{printed}");
    assert!(lines[4].contains(&format!("\"patient\":\"{id}\"")));
    assert!(lines[4].contains("\"cost_cents\":12000,"));
    assert_eq!(lines[5], "left out: {\"staff\": 1}");
    for private in ["4711", "4712", "9384", "Ada", "Lovelace", "林", "1815", "0+", "fine", "Who"] {
        assert!(!printed.contains(private), "{private} is in {printed}");
    }
    for private in ["House", "0199", "born", "blood", "doctor", "1783790679306661"] {
        assert!(!printed.contains(private), "{private} is in {printed}");
    }
}
