//! What the program can do beside the plain road: other sources, other outputs, and the proof.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use common::{Place, Ran, fixture_dump, fixtures, public_key};
use dataset::Dataset;
use serde_json::{Value, json};
use synthetic_dump::{Spec, WORK_TABLES};

/// A dump with every work table, and everything secret in it.
fn every_table(place: &Place, seed: u64) -> synthetic_dump::Secrets {
    let spec = WORK_TABLES.iter().fold(Spec::fixture().seed(seed), |spec, name| spec.rows(name, 7));
    let mut dump = Vec::new();
    spec.write(&mut dump).unwrap();
    place.write("dump.json", dump);
    spec.secrets()
}

fn run(place: &Place, more: &[&str]) -> Ran {
    let key = public_key();
    let base = ["--input", "dump.json", "--output", "w.json", "--key-file", key.to_str().unwrap()];
    place.run(&[&base[..], more].concat())
}

fn dump(place: &Place) -> Value {
    serde_json::from_str(&place.read("dump.json")).unwrap()
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let place = Place::new();
    every_table(&place, 1);
    run(&place, &["--threads", "1", "--import-output", "i.json"]).succeeded();
    let (one, import) = (place.read("w.json"), place.read("i.json"));
    for threads in ["2", "3", "7"] {
        run(&place, &["--threads", threads, "--import-output", "i.json"]).succeeded();
        assert!(place.read("w.json") == one && place.read("i.json") == import, "{threads}");
    }
}

#[test]
fn sorted_keys_and_pipes_give_the_same_dataset() {
    let place = Place::new();
    every_table(&place, 2);
    run(&place, &[]).succeeded();
    let expected = Dataset::from_json(place.read("w.json").as_bytes()).unwrap();
    // Rows now stand before the name of their table.
    let mut tables = dump(&place);
    for table in tables["tables"].as_array_mut().unwrap() {
        let name = table.as_object_mut().unwrap().remove("name").unwrap();
        table["table_name"] = name;
    }
    let sorted = tables.to_string();
    assert!(sorted.find("\"rows\"") < sorted.find("\"table_name\""));
    place.write("dump.json", &sorted);
    let ran = run(&place, &[]).succeeded();
    assert!(ran.stdout.contains("dump: tables as an array, rows as objects, read twice"));
    let check = || {
        let dataset = Dataset::from_json(place.read("w.json").as_bytes()).unwrap();
        assert_eq!(dataset.tables(), expected.tables());
    };
    check();
    let mut command = place.command(&["--input", "-", "--output", "w.json"]);
    command.arg("--key-file").arg(public_key());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(sorted.as_bytes()).unwrap();
    Ran::from(child.wait_with_output().unwrap()).succeeded();
    check();
}

const MOMENT: &str = "__timestamp_micros_since_unix_epoch__";

/// A value as an SQL answer has it: without names.
fn as_sql(value: &Value) -> Value {
    match value {
        Value::Object(members) if members.contains_key("some") => {
            json!([0, as_sql(&value["some"])])
        }
        Value::Object(members) if members.contains_key("none") => json!([1, []]),
        Value::Object(members) if members.contains_key(MOMENT) => json!([value[MOMENT]]),
        other => other.clone(),
    }
}

fn sql_type(values: &[&Value]) -> Value {
    let inner: Vec<&Value> = values.iter().filter_map(|value| value.get("some")).collect();
    if values.iter().any(|value| value.get("some").or(value.get("none")).is_some()) {
        let some = json!({ "name": { "some": "some" }, "algebraic_type": sql_type(&inner) });
        let nothing = json!({ "Product": { "elements": [] } });
        let none = json!({ "name": { "some": "none" }, "algebraic_type": nothing });
        json!({ "Sum": { "variants": [some, none] } })
    } else if values.iter().any(|value| value.get(MOMENT).is_some()) {
        let micros = json!({ "name": { "some": MOMENT }, "algebraic_type": { "I64": [] } });
        json!({ "Product": { "elements": [micros] } })
    } else {
        json!({ "String": [] })
    }
}

#[test]
fn a_folder_of_sql_answers_is_one_dump() {
    let place = Place::new();
    every_table(&place, 3);
    fs::create_dir(place.path("answers")).unwrap();
    for table in dump(&place)["tables"].as_array().unwrap() {
        let (name, rows) = (table["name"].as_str().unwrap(), table["rows"].as_array().unwrap());
        let columns: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
        let row = |row: &Value| columns.iter().map(|column| as_sql(&row[*column])).collect();
        let values: Vec<Vec<Value>> = rows.iter().map(row).collect();
        let element = |column: &String| {
            let values: Vec<&Value> = rows.iter().map(|row| &row[column]).collect();
            json!({ "name": { "some": column }, "algebraic_type": sql_type(&values) })
        };
        let elements: Vec<_> = columns.iter().copied().map(element).collect();
        let answer = json!([{ "schema": { "elements": elements }, "rows": values }]);
        place.write(&format!("answers/{name}.json"), answer.to_string());
    }
    run(&place, &[]).succeeded();
    let whole = place.read("w.json");
    let key = public_key();
    let arguments =
        ["--input", "answers", "--output", "f.json", "--key-file", key.to_str().unwrap()];
    let ran = place.run(&arguments).succeeded();
    assert!(ran.stdout.contains("dump: an SQL answer, rows as arrays"), "{}", ran.stdout);
    assert!(ran.stdout.contains("tables passed over without a look: 20"), "{}", ran.stdout);
    let read = |text: &str| Dataset::from_json(text.as_bytes()).unwrap();
    assert_eq!(read(&place.read("f.json")).tables(), read(&whole).tables());
    // A denied table is refused by its name, before anything of it is read.
    let denied = [
        "--input",
        "answers/user_account.json",
        "--table",
        "user_account",
        "--output",
        "x.json",
        "--ephemeral-key",
    ];
    place.run(&denied).failed(2, "denies the table user_account");
}

#[test]
fn the_import_output_can_be_extracted_again_and_leaks_nothing() {
    let place = Place::new();
    let secrets = every_table(&place, 4);
    run(&place, &["--import-output", "i.local.json"]).succeeded();
    let import = place.read("i.local.json");
    for set in [&secrets.canaries, &secrets.ids, &secrets.sessions, &secrets.texts] {
        let found: Vec<_> = set.iter().filter(|secret| import.contains(*secret)).collect();
        assert!(found.is_empty(), "{found:?}");
    }
    assert!(!import.contains("session") && !import.contains("moderation_note"));
    assert!(
        import.contains("\"__timestamp_micros_since_unix_epoch__\":")
            && import.contains("{\"some\":")
    );
    let counts = |name: &str| {
        let dataset = Dataset::from_json(place.read(name).as_bytes()).unwrap();
        dataset.tables().iter().map(|(name, rows)| (name.clone(), rows.len())).collect::<Vec<_>>()
    };
    place
        .run(&["--input", "i.local.json", "--output", "again.json", "--ephemeral-key", "--strict"])
        .succeeded();
    assert_eq!(counts("again.json"), counts("w.json"));
}

#[test]
fn real_ids_are_kept_where_routes_need_them_and_nowhere_else() {
    let place = Place::new();
    let secrets = every_table(&place, 5);
    let ran = run(&place, &["--real-ids"]).succeeded();
    assert!(ran.stdout.contains("warning: this dataset has the real ids"));
    let text = place.read("w.json");
    let dataset = Dataset::from_json(text.as_bytes()).unwrap();
    assert!(dataset.has_real_ids() && text.contains("\"realIds\":true"));
    let dump = dump(&place);
    let table =
        dump["tables"].as_array().unwrap().iter().find(|t| t["name"] == WORK_TABLES[0]).unwrap();
    let (original, row) = (&table["rows"][0], &dataset.rows(WORK_TABLES[0])[0]);
    assert_eq!(row["profile_id"], original["profile_id"]);
    assert_eq!(row["owner_user_id"], original["owner_user_id"]);
    assert_ne!(row["work_id"], original["work_id"]);
    for set in [&secrets.canaries, &secrets.sessions, &secrets.texts] {
        let found: Vec<_> = set.iter().filter(|secret| text.contains(*secret)).collect();
        assert!(found.is_empty(), "{found:?}");
    }
    assert!(place.run(&["verify", "w.json"]).succeeded().stdout.ends_with("PASS\n"));
    for other in [["--sample-output", "s.json"], ["--import-output", "i.json"]] {
        assert_eq!(run(&place, &[&["--real-ids"], &other[..]].concat()).code, 2);
    }
}

#[test]
fn every_output_is_verified_against_the_manifest_and_a_changed_one_is_not() {
    let place = Place::new();
    every_table(&place, 6);
    run(&place, &["--sample-output", "s.json", "--import-output", "i.json"]).succeeded();
    let manifest = place.read("w.manifest.json");
    for output in ["w.json", "s.json", "i.json"] {
        let ran = place.run(&["verify", output, "--manifest", "w.manifest.json"]).succeeded();
        assert!(ran.stdout.ends_with("PASS\n"), "{}", ran.stdout);
    }
    let text = place.read("w.json").replacen("\"published\":true", "\"published\":false", 1);
    place.write("w.json", text);
    let ran = place.run(&["verify", "w.json"]);
    assert_eq!((ran.code, ran.stdout.ends_with("FAIL\n")), (1, true));
    place.write("w.manifest.json", manifest.replacen("\"hits\":0", "\"hits\":1", 1));
    let ran = place.run(&["verify", "w.json"]);
    assert!(ran.code == 1 && ran.stdout.contains("somebody has edited it"), "{}", ran.stdout);
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["audit"]["deniedTables"], true);
    assert_eq!(manifest["tables"]["puzzle_work_profile"]["rowsOut"], 7);
    assert_eq!(manifest["columns"]["puzzle_work_profile"]["source_session_id"], "drop");
    assert_eq!(manifest["drift"]["unknownTables"]["creation_entry_config"], 2);
}

/// The built-in policy with one rule changed.
fn policy(place: &Place, from: &str, to: &str) {
    let builtin = place.run(&["policy"]).succeeded().stdout;
    assert!(builtin.contains(from), "{from}");
    place.write("policy.toml", builtin.replacen(from, to, 1));
}

#[test]
fn text_is_kept_where_somebody_asks_for_it_and_the_audit_stops_what_is_private_elsewhere() {
    let place = Place::new();
    every_table(&place, 7);
    policy(&place, "work_title = \"text\"", "work_title = { text = \"keep\" }");
    run(&place, &["--policy", "policy.toml"]).succeeded();
    let title = dump(&place);
    let title = title["tables"].as_array().unwrap().iter().find(|t| t["name"] == WORK_TABLES[0]);
    let title = title.unwrap()["rows"][0]["work_title"].as_str().unwrap().to_owned();
    assert!(place.read("w.json").contains(&title));

    // Somebody has put his e-mail address into a title.
    let email = "CANARY-a@mail.example";
    let leaky = place.read("dump.json").replacen(&title, &format!("by {email}"), 1).replacen(
        "\"email\":\"",
        &format!("\"email\":\"{email}\",\"old\":\""),
        1,
    );
    fs::remove_file(place.path("w.json")).unwrap();
    fs::remove_file(place.path("w.manifest.json")).unwrap();
    place.write("dump.json", leaky);
    let ran = run(&place, &["--policy", "policy.toml"]);
    ran.failed(
        1,
        "the search for leaks stopped the run: a private text of the dump is in an output",
    );
    assert!(
        ran.stderr.contains("/tables/puzzle_work_profile/0/work_title, byte "),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("of user_account, a table that is not allowed"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("CANARY"), "{}", ran.stderr);
    assert_eq!(place.names(), ["dump.json", "policy.toml"]);
}

#[test]
fn a_word_of_a_path_that_is_private_elsewhere_is_a_leak_of_the_policys_own() {
    // A policy can make a private word public: the audit takes its word for it, and says so.
    let place = Place::new();
    every_table(&place, 8);
    policy(&place, "\"api\", ", "\"api\", \"wallet-holder\", ");
    run(&place, &["--policy", "policy.toml"]).succeeded();
    let manifest: Value = serde_json::from_str(&place.read("w.manifest.json")).unwrap();
    assert!(manifest["audit"]["exemptWords"].as_u64().unwrap() > 0);
}

#[test]
fn strict_names_what_the_policy_does_not_list() {
    let place = Place::new();
    every_table(&place, 9);
    let ran = run(&place, &["--strict"]);
    ran.failed(1, "puzzle_work_profile.moderation_note");
    assert!(ran.stderr.contains("the table creation_entry_config"), "{}", ran.stderr);
    assert_eq!(place.names(), ["dump.json"]);
}

#[test]
fn a_lock_is_made_kept_and_shows_drift() {
    let place = Place::new();
    every_table(&place, 10);
    let ran = run(&place, &["--lock", "works.lock.json"]).succeeded();
    assert!(ran.stdout.contains("lock made now: works.lock.json"));
    let lock = place.read("works.lock.json");
    assert!(lock.contains("\"moderation_note\": \"text\"") && !lock.contains("CANARY"));
    run(&place, &["--lock", "works.lock.json"]).succeeded();
    assert_eq!(place.read("works.lock.json"), lock);

    let changed = place.read("dump.json").replace("\"moderation_note\"", "\"reviewer_name\"");
    place.write("dump.json", changed);
    let before = place.read("w.json");
    let ran = run(&place, &["--lock", "works.lock.json"]);
    ran.failed(1, "new column: puzzle_work_profile.reviewer_name");
    assert!(ran.stderr.contains("column is gone: puzzle_work_profile.moderation_note"));
    assert_eq!((place.read("works.lock.json"), place.read("w.json")), (lock, before));
    run(&place, &["--lock", "works.lock.json", "--accept-drift"]).succeeded();
    assert!(place.read("works.lock.json").contains("reviewer_name"));
    place.write("works.lock.json", "{}");
    run(&place, &["--lock", "works.lock.json"]).failed(104, "not a schema lock");
}

#[test]
fn a_column_is_explained() {
    let place = Place::new();
    for arguments in [
        &["--explain", "puzzle_work_profile.owner_user_id"][..],
        &["policy", "--explain", "puzzle_work_profile.owner_user_id"],
    ] {
        let text = place.run(arguments).succeeded().stdout;
        assert!(text.contains("pseudonym user") && text.contains("ownerUserId"), "{text}");
    }
    assert!(place.run(&["--explain", "user_account.email"]).succeeded().stdout.contains("denied"));
    assert!(place.names().is_empty());
}

#[test]
fn rows_without_a_name_need_one() {
    let place = Place::new();
    place.write("rows.json", r#"[{"profile_id":"p1","work_title":"雨巷"}]"#);
    let base = ["--input", "rows.json", "--output", "w.json", "--ephemeral-key"];
    assert_ne!(place.run(&base).code, 0);
    let named = [&base[..], &["--table", "puzzle_work_profile"]].concat();
    assert!(place.run(&named).succeeded().stdout.starts_with("puzzle_work_profile: 1\n"));
    // The name of the file names the table too.
    place.write("puzzle_work_profile.jsonl", "{\"profile_id\":\"p1\"}\n{\"profile_id\":\"p2\"}\n");
    let lines = ["--input", "puzzle_work_profile.jsonl", "--output", "w.json", "--ephemeral-key"];
    assert!(place.run(&lines).succeeded().stdout.starts_with("puzzle_work_profile: 2\n"));
    place.write("p.ndjson", "[\"p1\",\"x\"]\n[\"p2\",\"y\"]\n");
    let columns = [
        "--input",
        "p.ndjson",
        "--table",
        "puzzle_work_profile",
        "--columns",
        "profile_id,work_title",
        "--output",
        "w.json",
        "--ephemeral-key",
    ];
    assert!(place.run(&columns).succeeded().stdout.starts_with("puzzle_work_profile: 2\n"));
}

#[test]
fn the_committed_dump_is_found_clean_in_every_way() {
    let place = Place::new();
    let ran = place.run_fixture(&["--output", "w.json", "--audit", "full"]).succeeded();
    assert!(ran.stdout.contains("audit: none of "), "{}", ran.stdout);
    assert!(fixture_dump().exists() && fixtures().exists());
}

/// Answers like a database with the recorded schema and rows, and keeps what it was asked.
fn database() -> (String, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    use std::io::{BufRead, BufReader, Read};

    let schema = fs::read_to_string(fixtures().join("spacetimedb/schema-v9-1.2.0.json")).unwrap();
    let rows = fs::read_to_string(fixtures().join("spacetimedb/sql-all-types-1.2.0.json")).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let (mut reader, mut head, mut length) = (BufReader::new(&stream), String::new(), 0);
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            for line in head.lines() {
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let query = String::from_utf8(body).unwrap();
            let answer = if head.starts_with("GET") { schema.clone() } else { pick(&rows, &query) };
            kept.lock().unwrap().push(format!("{head}{query}"));
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            (&stream).write_all(format!("{head}{answer}").as_bytes()).unwrap();
        }
    });
    (url, asked)
}

/// The recorded answer with the columns that the query names.
fn pick(answer: &str, query: &str) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    let elements = answer[0]["schema"]["elements"].as_array().unwrap().clone();
    let asked = |element: &Value| {
        query.contains(&format!("\"{}\"", element["name"]["some"].as_str().unwrap()))
    };
    let keep: Vec<usize> = (0..elements.len()).filter(|index| asked(&elements[*index])).collect();
    let of = |list: &[Value]| Value::Array(keep.iter().map(|index| list[*index].clone()).collect());
    answer[0]["schema"]["elements"] = of(&elements);
    let rows = answer[0]["rows"].as_array().unwrap();
    let rows = rows.iter().map(|row| of(row.as_array().unwrap())).collect();
    answer[0]["rows"] = Value::Array(rows);
    answer.to_string()
}

#[test]
fn a_database_is_asked_for_listed_columns_only() {
    let place = Place::new();
    let (url, asked) = database();
    place.write("token", "s3cret-token\n");
    let arguments = [
        "--spacetimedb",
        &url,
        "--database",
        "works",
        "--token-file",
        "token",
        "--output",
        "w.json",
        "--ephemeral-key",
    ];
    let ran = place.run(&arguments).succeeded();
    assert!(ran.stdout.starts_with("puzzle_work_profile: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("private tables were not read"), "{}", ran.stdout);
    assert!(!place.read("w.json").contains("puzzle-profile-0001"));
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().all(|asked| asked.contains("Bearer s3cret-token")));
    assert!(
        asked[1].contains("FROM \"puzzle_work_profile\"") && asked[1].contains("\"work_title\"")
    );
    for private in ["user_account", "phone", "owner_identity", "last_status", "blob"] {
        assert!(!asked[1].contains(private), "{private}");
    }
    assert!(!ran.stdout.contains("s3cret"));
    assert_eq!(place.names(), ["token", "w.json", "w.manifest.json"]);
    let refused = [
        "--spacetimedb",
        "http://127.0.0.1:1",
        "--database",
        "works",
        "--token-file",
        "token",
        "--output",
        "x.json",
        "--ephemeral-key",
    ];
    place.run(&refused).failed(1, "http://127.0.0.1:1");
}
