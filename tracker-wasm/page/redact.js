/*
 * What must not leave with an address or a text, whoever put it there: e-mail addresses, telephone
 * numbers, numbers of cards and of bank accounts, also encoded, and twice. Rather takes out one too
 * many, but never the ids of advertisements.
 */
const MARK = '[redacted]';

/** What parts of an address, of a text, and of an address within an address are divided by. */
const BETWEEN = /([\s/?&=:;,<>"'()]|%(?:25)*(?:0[9ad]|2[026-9cf]|3[a-f]))/i;
/** A picture for sharp screens is called like one, and the version of a package nearly. */
const MAIL = /[^@]@(?!\dx\.)[^@]*\.[^\d.@]{2,}(?![a-z\d])/i;
/** What may be a number, in groups or not, where none begins before: digits; or the country of an
 * account and its check digits. */
const NUMBER = /(^|[^a-z\d%.-]|(?:^|\D)[.-]|(?=%(?:25)*2b)|%(?:25)*[\da-f]{2})((?:\+|%(?:25)*2b)?(?:\d(?:(?:\s(?!\+)|[.()+/\u2010-\u2015-]|%(?:25)*(?:2[089def]|[ce]2|[8a]0|9\d)){0,4}\d){8,30}|[a-z]{2}\d\d(?:(?:[\s+-]|%(?:25)*(?:20|c2%(?:25)*a0))?[a-z\d]){11,30}))/gi;

/** Luhn's formula, ISO/IEC 7812-1, of what is as long as the cards that begin so. */
function isCard(digits) {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const doubled = digits[digits.length - 1 - place] * (1 + place % 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 == 0 && /^([2-6]\d{15}|3[04-9]\d{12,13}|62\d{15,17})$/.test(digits);
}

/** The check digits of ISO 13616. Ids that pass by chance have fewer digits in a row. */
function isAccount(text) {
  let rest = 0;
  for (const sign of text.slice(4) + text.slice(0, 4)) {
    for (const digit of String(parseInt(sign, 36))) rest = (rest * 10 + +digit) % 97;
  }
  return rest == 1 && /\d{10}/.test(text);
}

/** With a plus, with two zeros, with one, or as they are written in North America. No date, no
 * number below one, and a stroke only after the area. */
const isPhone = (whole, text, digits) =>
  digits.length > 8
  && !/^\d\d?\D\d\d?\D(19|20)\d\d\b|\/.*\/|^(\D*\d){8,}\D*\//.test(text) && !/^\/.*\/|2f.*2f/i.test(whole)
  && (/^\+\D*[1-9]/.test(text) ? digits.length < 16
    : (/^0[^.]/.test(text) && /^0([1-9]\d{7,10}|0[1-9]\d{8,14})$/.test(digits))
      || /^(1\W)?\(?[2-9]\d\d\W{1,2}\d{3}\W\d{4}$/.test(text));

/** What codes stand for, byte by byte, however often they were encoded. */
const decode = (text) => text.replace(/%(25)*(\w\w)/g, (...code) => String.fromCharCode('0x' + code[2]));

/** How much of what stands there must go: of digits, all that follow. */
function length(run, lead, after) {
  let whole;
  for (let end = run.length; end > 8; end--) {
    if (/^[a-z\d]/i.test(run[end] || after)) continue;
    const text = decode(run.slice(0, end));
    const signs = text.replace(/[^a-z\d]/gi, '');
    whole = whole || end;
    if (/\D/.test(signs)) {
      if (isAccount(signs)) return end;
    } else if ((isCard(signs) && !/\//.test(text)) || isPhone(lead + run.slice(0, end), text, signs)) return whole;
  }
}

function numbers(text) {
  let found;
  NUMBER.lastIndex = 0;
  while (found = NUMBER.exec(text)) {
    const [all, lead, run] = found;
    const at = found.index + lead.length;
    const gone = length(run, lead, text[found.index + all.length] || '');
    if (gone) text = text.slice(0, at) + MARK + text.slice(at + gone);
    NUMBER.lastIndex = gone ? at + MARK.length : found.index + 1;
  }
  return text;
}

/** The text without them. */
export function redact(text) {
  if (/@|%(25)*40/.test(text)) {
    text = text.split(BETWEEN).map((part) => MAIL.test(decode(part)) ? MARK : part).join('');
  }
  // None has fewer digits, and to look closer costs a start its time.
  return /^(\D*\d){9}/.test(text) ? numbers(text) : text;
}
