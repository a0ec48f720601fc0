//! JSON lines: nested fields, exploded lists, numbers of any length, and lines that are none.

use super::*;

fn json(text: &str) -> Result<Read, Box<LogError>> {
    Reading::default().bytes("a.jsonl", text.as_bytes())
}

#[test]
fn fields_are_found_by_path_and_numbers_keep_their_digits() -> Tested {
    let read = json(concat!(
        "{\"user\": {\"id\": 123456789012345678901234567890, \"vip\": true}, \"price\": 1.50e3, \"v\": [1, 2.5], \"note\": \"\"}\n",
        "{\"note\": \"caf\\u00e9 \\\"x\\\"\", \"user\": {\"id\": \"00\"}, \"price\": null}\n",
    ))?;
    assert_eq!(read.columns, ["user.id", "user.vip", "price", "v", "note"]);
    assert_eq!(read.shown(), ["123456789012345678901234567890|true|1.50e3|[1, 2.5]|-", "00|-|-|-|café \"x\""]);
    Ok(())
}

#[test]
fn a_list_is_exploded_into_rows() -> Tested {
    let reading = Reading { explode: Some("events"), ..Reading::default() };
    let text = concat!(
        "{\"session\":7,\"events\":[{\"aid\":1,\"type\":\"clicks\"},{\"type\":\"carts\",\"aid\":2}],\"n\":2}\n",
        "{\"session\":8,\"events\":[]}\n",
        "\n",
        "{\"events\":[{\"aid\":{\"x\":1}},{\"aid\":3}],\"session\":9}\n",
        "{\"session\":10,\"events\":5}\n",
        "{\"session\":11}\n",
    );
    let read = reading.bytes("a.jsonl", text.as_bytes())?;
    assert_eq!(read.columns, ["session", "events.aid", "events.type", "n", "events.aid.x"]);
    let wanted = Some(vec!["events.aid", "session", "events.type", "n"]);
    let read = Reading { wanted, ..reading }.bytes("a.jsonl", text.as_bytes())?;
    assert_eq!(read.shown(), ["1|7|clicks|2", "2|7|carts|2", "3|9|-|-"]);
    assert_eq!((&read.lines, read.counted), (&vec![1, 1, 4], 5));
    assert_eq!(
        read.set_aside(),
        [
            "4 bad_json_value: `events.aid` is an object where one value is expected",
            "5 bad_json_value: `events` is a number where a list is expected",
        ]
    );
    let folder = folder()?;
    let path = put(folder.path(), "a.jsonl", text.lines().take(2).collect::<Vec<_>>().join("\n"))?;
    let reader = LogReader::open(&[path], None, &CsvSpec::default(), None, &[])?;
    assert_eq!((reader.columns(), reader.lists()), (&["session".to_owned(), "n".to_owned()][..], vec!["events"]));
    let plain = Reading { explode: Some("tags"), ..Reading::default() };
    let read = plain.bytes("a.jsonl", b"{\"tags\":[\"a\",null,3],\"user\":1}\n")?;
    assert_eq!((read.columns, read.rows.len()), (vec!["tags".to_owned(), "user".to_owned()], 3));
    Ok(())
}

#[test]
fn lines_that_are_no_objects_are_set_aside() -> Tested {
    let text = "{\"a\":1}\n{\"a\":}\n[1]\n{\"a\":2}x\n{\"a\":[{}]}\n{\"a\":1,\"a\":2}\n{\"a\":\"\\u0000\"}\n{\"a\":NaN}\n{\"a\":3";
    let read = json(text)?;
    assert_eq!(read.shown(), ["1"]);
    assert_eq!(
        read.set_aside(),
        [
            "2 bad_json: no JSON: a value is expected at byte 6",
            "3 bad_json: no JSON: an object is expected at byte 1",
            "4 bad_json: no JSON: nothing behind the object is expected at byte 8",
            "5 bad_json_value: `a` is a list where one value is expected",
            "6 bad_json_value: `a` stands twice",
            "7 nul_byte: `a` holds an escaped NUL",
            "8 bad_json: no JSON: a value is expected at byte 6",
            "9 cut_row: no JSON: `,` or `}` is expected at byte 7, and the file ends here without a line feed",
        ]
    );
    assert_eq!(read.counted, 9);
    Ok(())
}

#[test]
fn a_field_that_never_occurs_is_refused() {
    let wanted = |name| Reading { wanted: Some(vec![name]), ..Reading::default() };
    assert_eq!(
        wanted("user.ids").refusal("a.jsonl", b"{\"user\":{\"id\":1}}\n"),
        "a.jsonl: no column `user.ids` for schema.test (there are: user.id), did you mean `user.id`?; mend the name"
    );
    assert_eq!(
        wanted("tags").refusal("a.jsonl", b"{\"tags\":[\"a\"],\"user\":1}\n"),
        "a.jsonl: field `tags` (for schema.test) holds lists or objects, which no cell can; \
         leave it out, or name its list in schema.explode"
    );
    let explode = Reading { explode: Some("events"), ..Reading::default() };
    assert_eq!(
        explode.refusal("a.jsonl", b"{\"event\":[{\"aid\":1}],\"events\":null}\n"),
        "a.jsonl: no column `events` for schema.explode (there are: event), did you mean `event`?; mend the name"
    );
    assert_eq!(
        explode.refusal("schema.explode", b"user,item\nu1,A\n").split(": leave").next(),
        Some("schema.explode: events")
    );
}
