//! Makes the pair of glue and module that `wasm-bindgen` wrote smaller, as text and as names.
//!
//! Three things, in this order:
//! 1. The parts that pass texts and that load the module are replaced: `wasm-bindgen` offers
//!    synchronous, streaming and deprecated ways, and spares a copy of long texts; the page uses
//!    one way, and its texts are short.
//! 2. What the glue never calls is no longer exported, so that `wasm-opt` can drop it.
//! 3. The names between the two, such as `__wbg_addEventListener_847fd86b8c33ec43`, become one or
//!    two letters. Their hashes do not compress, and they stand in both files.
//!
//! Never guesses: whatever does not look as expected is an error that says so, because a silent
//! mismatch between glue and module would only show in a visitor's browser.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

/// The folder-like name under which the module imports from the glue.
pub(crate) const IMPORT_MODULE: &str = "./fg_bg.js";

/// Its short form.
pub(crate) const SHORT_IMPORT_MODULE: &str = "a";

const UNEXPECTED: &str = "the glue of this version of wasm-bindgen looks different from what \
                          xtask/src/glue.rs expects";

const LOADING_BEGINS: &str = "let wasmModule, wasmInstance, wasm;";
const LOADING_ENDS: &str = "export { initSync, __wbg_init as default };";

/// Takes the module's bytes. The page's script calls it once.
/// Without streaming: it gains nothing at this size, and it fails when a server sends another MIME
/// type than `application/wasm`.
const LOADING: &str = r#"let wasm;
export default async (bytes) => {
    wasm = (await WebAssembly.instantiate(bytesIMPORTS)).instance.exports;
    START
};
"#;

const IMPORTS: &str = ", __wbg_get_imports()";

const TEXTS_BEGIN: &str = "function getStringFromWasm0(ptr, len) {";
const TEXTS_TAKE: &str = "function passStringToWasm0(arg, malloc, realloc) {";
const REALLOCATE: &str = ", wasm.__wbindgen_realloc)";

/// What the part that passes texts declares.
const TEXTS_DECLARE: [&str; 9] = [
    "cachedUint8ArrayMemory0",
    "getUint8ArrayMemory0",
    "passStringToWasm0",
    "cachedTextDecoder",
    "MAX_SAFARI_DECODE_BYTES",
    "numBytesDecoded",
    "decodeText",
    "cachedTextEncoder",
    "WASM_VECTOR_LEN",
];

/// What an exported function that returns a text does before and after its call.
const RETURN_BEGINS: &str = "let deferred1_0;\nlet deferred1_1;\ntry {\n";
const RETURN_ENDS: &str = "deferred1_0 = ret[0];\ndeferred1_1 = ret[1];\n\
    return getStringFromWasm0(ret[0], ret[1]);\n} finally {\n\
    wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);\n}\n";
const RETURN: &str = "return takeText(ret);\n";

/// What frees texts that a call was to take and did not, for want of memory. The page gives the
/// module up then, with all its memory.
const FREE_BEGINS: &str = "} catch (e) {\n";
const FREE_ENDS: &str = "throw e;\n}\n";

/// Passes texts, one copy each. A text that is returned is freed once it is read; after an error
/// nothing is.
const TEXTS: &str = r#"let WASM_VECTOR_LEN;
const encoder = new TextEncoder(), decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const memory = () => new Uint8Array(wasm.memory.buffer);
function takeText([address, length]) {
    const text = decoder.decode(memory().subarray(address >>>= 0, address + length));
    wasm.__wbindgen_free(address, length, 1);
    return text;
}
function passStringToWasm0(text, malloc) {
    const bytes = encoder.encode(text);
    const address = malloc(bytes.length, 1) >>> 0;
    memory().set(bytes, address);
    WASM_VECTOR_LEN = bytes.length;
    return address;
}
"#;

/// Replaces the part that passes texts, in what stands before the loading part.
fn replace_texts(before: &str) -> Result<String> {
    let (rest, texts) = before
        .split_once(TEXTS_BEGIN)
        .with_context(|| format!("{UNEXPECTED}: no `{TEXTS_BEGIN}`"))?;
    if !texts.contains(TEXTS_TAKE) {
        bail!("{UNEXPECTED}: no `{TEXTS_TAKE}`");
    }
    for line in texts.lines() {
        let declared = ["function ", "let ", "const ", "var ", "class ", "export "]
            .iter()
            .find_map(|keyword| line.strip_prefix(keyword));
        if let Some((_, name)) = declared.and_then(|rest| words(rest).next())
            && !TEXTS_DECLARE.contains(&name)
        {
            bail!("{UNEXPECTED}: `{name}` is declared where texts are passed");
        }
    }
    let rest = rest
        .replace(REALLOCATE, ")")
        .replace(RETURN_BEGINS, "")
        .replace(RETURN_ENDS, RETURN);
    let mut parts = rest.split(FREE_BEGINS);
    let mut replaced = parts.next().unwrap_or_default().replace("try {\n", "");
    for part in parts {
        let (_, part) = part
            .split_once(FREE_ENDS)
            .with_context(|| format!("{UNEXPECTED}: no `{FREE_ENDS}`"))?;
        replaced.push_str(&part.replace("try {\n", ""));
    }
    for left in ["getStringFromWasm0", "deferred", "try", "finally"] {
        if words(&replaced).any(|(_, word)| word.starts_with(left)) {
            bail!("{UNEXPECTED}: `{left}` is left where functions are called");
        }
    }
    Ok(replaced + TEXTS)
}

/// Replaces the parts of the glue that pass texts and that load the module.
pub(crate) fn replace_parts(glue: &str, has_imports: bool) -> Result<String> {
    let (before, loading) = glue
        .split_once(LOADING_BEGINS)
        .with_context(|| format!("{UNEXPECTED}: no `{LOADING_BEGINS}`"))?;
    let (loading, after) = loading
        .split_once(LOADING_ENDS)
        .with_context(|| format!("{UNEXPECTED}: no `{LOADING_ENDS}`"))?;
    if !after.trim().is_empty() {
        bail!("{UNEXPECTED}: something follows the last export");
    }
    for name in ["wasmModule", "wasmInstance"] {
        if words(before).any(|(_, word)| word == name) {
            bail!("{UNEXPECTED}: `{name}` is used outside the loading part");
        }
    }
    let start = if loading.contains("wasm.__wbindgen_start()") {
        "wasm.__wbindgen_start();"
    } else {
        ""
    };
    let before = plain_numbers(&replace_texts(before)?);
    // A module that asks for nothing is given nothing.
    let imports = if has_imports { IMPORTS } else { "" };
    let loading = LOADING.replace("START", start).replace("IMPORTS", imports);
    Ok(format!("{before}{loading}"))
}

/// Numbers are passed as they come: a call into WebAssembly makes a number of anything by itself,
/// and of nothing a zero.
fn plain_numbers(glue: &str) -> String {
    let mut plain = String::with_capacity(glue.len());
    let mut numbers: Vec<(String, String)> = Vec::new();
    for line in glue.lines() {
        let number = line
            .strip_prefix("const ")
            .and_then(|rest| rest.strip_suffix(';'))
            .and_then(|rest| rest.split_once(" = +"))
            .filter(|(name, _)| name.starts_with("val"));
        if let Some((name, value)) = number {
            numbers.push((name.to_owned(), value.to_owned()));
            continue;
        }
        let mut line = line.to_owned();
        for (name, value) in &numbers {
            line = line.replace(&format!("{name},"), &format!("{value},"));
            line = line.replace(&format!("{name})"), &format!("{value})"));
        }
        if line == "}" {
            numbers.clear();
        }
        plain.push_str(&line);
        plain.push('\n');
    }
    plain
}

/// The exports of the module that the glue uses.
pub(crate) fn used_exports(glue: &str) -> Result<BTreeSet<String>> {
    if glue.contains("wasm[") {
        bail!(
            "the glue reads an export of the module by a computed name; give the exported \
             functions of the tracker plain names"
        );
    }
    Ok(words(glue)
        .filter(|(at, _)| is_export(glue, *at))
        .map(|(_, word)| word.to_owned())
        .collect())
}

/// Old names to new names.
pub(crate) type Names = BTreeMap<String, String>;

/// Gives each name the next short one.
pub(crate) fn shorten(names: impl IntoIterator<Item = String>) -> Names {
    names
        .into_iter()
        .enumerate()
        .map(|(number, name)| (name, short_name(number)))
        .collect()
}

/// Writes the short names into the glue.
pub(crate) fn rename(glue: &str, imports: &Names, exports: &Names) -> Result<String> {
    let mut renamed = String::with_capacity(glue.len());
    let mut copied = 0;
    let mut replaced = BTreeMap::<&str, usize>::new();
    for (at, word) in words(glue) {
        let new = if is_export(glue, at) {
            exports.get(word)
        } else {
            let new = imports.get(word);
            if new.is_some() {
                *replaced.entry(word).or_default() += 1;
            }
            new
        };
        if let Some(new) = new {
            renamed.push_str(glue.get(copied..at).unwrap_or_default());
            renamed.push_str(new);
            copied = at + word.len();
        }
    }
    renamed.push_str(glue.get(copied..).unwrap_or_default());

    for name in imports.keys() {
        match replaced.get(name.as_str()) {
            Some(1) => {}
            Some(times) => {
                bail!("the import `{name}` stands {times} times in the glue, not once")
            }
            None => bail!("the module imports `{name}`, which the glue does not have"),
        }
    }
    let module = format!("\"{IMPORT_MODULE}\"");
    if imports.is_empty() {
        return Ok(renamed);
    }
    if renamed.matches(&module).count() != 1 {
        bail!("the glue does not name {module} exactly once");
    }
    Ok(renamed.replace(&module, SHORT_IMPORT_MODULE))
}

/// Whether the word at this place is what follows `wasm.`
fn is_export(glue: &str, at: usize) -> bool {
    let Some(object) = glue
        .get(..at)
        .and_then(|before| before.strip_suffix("wasm."))
    else {
        return false;
    };
    !object
        .chars()
        .next_back()
        .is_some_and(|previous| is_word(previous) || previous == '.')
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$'
}

/// Every run of identifier characters, with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|character| !is_word(character))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

/// a … z, A … Z, aa, ba …
fn short_name(mut number: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut name = String::new();
    loop {
        name.push(char::from(LETTERS[number % LETTERS.len()]));
        number /= LETTERS.len();
        if number == 0 {
            return name;
        }
        number -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLUE: &str = r#"export function start() { wasm.start(); other_wasm.start(); }
export function take(text) { passStringToWasm0(text, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc); }
function __wbg_get_imports() {
    const import0 = {
        __wbg_new_1: function() { return wasm.memory; },
        __wbg_new_12: function() { return x.wasm.start; },
    };
    return { "./fg_bg.js": import0 };
}
function getStringFromWasm0(ptr, len) {
}
function passStringToWasm0(arg, malloc, realloc) {
}
let WASM_VECTOR_LEN = 0;
let wasmModule, wasmInstance, wasm;
function a() { wasm.__wbindgen_start(); }
export { initSync, __wbg_init as default };
"#;

    fn names(pairs: &[(&str, &str)]) -> Names {
        pairs
            .iter()
            .map(|(old, new)| ((*old).to_owned(), (*new).to_owned()))
            .collect()
    }

    #[test]
    fn replaces_its_parts_and_keeps_the_start() -> Result<()> {
        let glue = replace_parts(GLUE, true)?;
        assert!(glue.starts_with("export function start()"));
        assert!(glue.contains("wasm.__wbindgen_start();"));
        assert!(!glue.contains("initSync"));
        assert!(glue.contains("function passStringToWasm0(text, malloc) {"));
        assert!(!glue.contains("realloc"));
        Ok(())
    }

    #[test]
    fn a_module_without_start_function_is_not_started() -> Result<()> {
        let glue = replace_parts(&GLUE.replace("wasm.__wbindgen_start();", ""), true)?;
        assert!(!glue.contains("__wbindgen_start"));
        Ok(())
    }

    #[test]
    fn calls_lose_what_only_matters_after_an_error() -> Result<()> {
        let calls = "export function load(a) {\nlet ptr0;\ntry {\nptr0 = 1;\n} catch (e) {\nif (ptr0) {\n }\n\
                     throw e;\n}\nwasm.load(ptr0);\n}\n";
        let call = "const ret = wasm.save();\n";
        let save = format!("export function save() {{\n{RETURN_BEGINS}{call}{RETURN_ENDS}}}\n");
        let glue = replace_parts(&format!("{calls}{save}{GLUE}"), true)?;
        assert!(
            glue.starts_with(
                "export function load(a) {\nlet ptr0;\nptr0 = 1;\nwasm.load(ptr0);\n}\n"
            )
        );
        assert!(glue.contains(&format!("save() {{\n{call}{RETURN}}}\n")));
        let other = save.replace("ret[1];", "ret[2];");
        assert!(replace_parts(&format!("{other}{GLUE}"), true).is_err());
        Ok(())
    }

    #[test]
    fn unknown_glue_is_an_error() {
        assert!(replace_parts("export { start };", true).is_err());
        assert!(
            replace_parts(
                &GLUE.replace("return wasm.memory", "return wasmModule"),
                true
            )
            .is_err()
        );
        assert!(replace_parts(&GLUE.replace("let WASM_VECTOR_LEN", "let other"), true).is_err());
        assert!(
            replace_parts(&GLUE.replace("passStringToWasm0(arg", "passText(arg"), true).is_err()
        );
        assert!(used_exports("wasm['not-plain']()").is_err());
    }

    #[test]
    fn finds_only_what_is_read_from_the_module() -> Result<()> {
        let used = used_exports(GLUE)?;
        assert_eq!(
            used.iter().map(String::as_str).collect::<Vec<_>>(),
            [
                "__wbindgen_malloc",
                "__wbindgen_realloc",
                "__wbindgen_start",
                "memory",
                "start"
            ]
        );
        Ok(())
    }

    #[test]
    fn renames_whole_words_only() -> Result<()> {
        let imports = names(&[("__wbg_new_1", "a"), ("__wbg_new_12", "b")]);
        let exports = names(&[("start", "c"), ("memory", "d")]);
        let glue = rename(GLUE, &imports, &exports)?;
        assert!(glue.contains("export function start() { wasm.c(); other_wasm.start(); }"));
        assert!(glue.contains("a: function() { return wasm.d; }"));
        assert!(glue.contains("b: function() { return x.wasm.start; }"));
        assert!(glue.contains("return { a: import0 };"));
        Ok(())
    }

    #[test]
    fn an_import_that_the_glue_lacks_is_an_error() {
        assert!(rename(GLUE, &names(&[("__wbg_gone_1", "a")]), &Names::new()).is_err());
    }

    #[test]
    fn numbers_pass_as_they_come() {
        let glue = "function f(a, b) {\nconst val1 = +a;\nconst val2 = +b;\nwasm.f(val1, x, val2);\n}\nconst val = 1;\n";
        let expected = "function f(a, b) {\nwasm.f(a, x, b);\n}\nconst val = 1;\n";
        assert_eq!(plain_numbers(glue), expected);
    }

    #[test]
    fn short_names_are_all_different() {
        let all: BTreeSet<String> = (0..10_000).map(short_name).collect();
        assert_eq!(all.len(), 10_000);
        assert_eq!(short_name(0), "a");
        assert_eq!(short_name(51), "Z");
        assert_eq!(short_name(52), "aa");
    }
}
