// Just enough JSON to read a request, as the standard library has none. It is read whole: what is no JSON is None.
use std::collections::HashMap;

pub enum Json {
    Null, // true and false, which no request of the protocol holds, are read as null too
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(HashMap<String, Json>),
}

impl Json {
    pub fn parse(text: &str) -> Option<Json> {
        let mut reader = Reader { text: text.as_bytes(), at: 0 };
        let value = reader.value()?;
        (reader.peek() == 0).then_some(value)
    }

    // What is not there is null.
    pub fn get(&self, key: &str) -> &Json {
        let Json::Object(fields) = self else { return &Json::Null };
        fields.get(key).unwrap_or(&Json::Null)
    }

    pub fn list(&self) -> &[Json] {
        let Json::List(items) = self else { return &[] };
        items
    }

    pub fn text(&self) -> &str {
        let Json::Text(text) = self else { return "" };
        text
    }

    pub fn number(&self) -> Option<f64> {
        let Json::Number(number) = self else { return None };
        Some(*number)
    }

    // A list of numbers, NaN where there is none.
    pub fn numbers(&self) -> Vec<f64> {
        self.list().iter().map(|item| item.number().unwrap_or(f64::NAN)).collect()
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    // The next byte that is no space; 0 at the end.
    fn peek(&mut self) -> u8 {
        while self.text.get(self.at).map_or(false, u8::is_ascii_whitespace) {
            self.at += 1;
        }
        *self.text.get(self.at).unwrap_or(&0)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let there = self.peek() == byte;
        self.at += usize::from(there);
        there.then_some(())
    }

    fn value(&mut self) -> Option<Json> {
        let (mut items, mut fields) = (vec![], HashMap::new());
        match self.peek() {
            b'"' => self.string().map(Json::Text),
            b'[' => self.each(b']', |reader| reader.value().map(|item| items.push(item))).map(|()| Json::List(items)),
            b'{' => {
                let field = |reader: &mut Self| {
                    let key = reader.string()?;
                    reader.take(b':')?;
                    reader.value().map(|value| drop(fields.insert(key, value)))
                };
                self.each(b'}', field).map(|()| Json::Object(fields))
            }
            _ => self.word(),
        }
    }

    // Reads the entries up to the closing bracket, with commas between them.
    fn each(&mut self, end: u8, mut entry: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        if self.peek() != end {
            entry(self)?;
        }
        while self.peek() != end {
            self.take(b',')?;
            entry(self)?;
        }
        self.take(end)
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut bytes = vec![];
        while *self.text.get(self.at)? != b'"' {
            self.at += usize::from(self.text[self.at] == b'\\'); // of \n an n stays: no name that is looked for holds one
            bytes.push(*self.text.get(self.at)?);
            self.at += 1;
        }
        self.at += 1;
        String::from_utf8(bytes).ok()
    }

    fn word(&mut self) -> Option<Json> {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|byte| b",]} \t\r\n".contains(byte)).unwrap_or(rest.len());
        self.at += length;
        match std::str::from_utf8(&rest[..length]).ok()? {
            "null" | "true" | "false" => Some(Json::Null),
            word => word.parse().ok().map(Json::Number),
        }
    }
}
