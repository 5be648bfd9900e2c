/*
 * What must not leave with an address or a text, whoever put it there: e-mail addresses, telephone
 * numbers, numbers of cards and of bank accounts. Rather takes out one too many.
 */
const MARK = '[redacted]';

/** Also as addresses have it. The signs around it are those between parts of an address or words. */
const MAIL = /[^\s/?&=:;,<>"'()@]+(@|%(25)*40)[^\s/?&=:;,<>"'()@]+\.[a-z]{2,}/gi;
/** Nine digits or more, perhaps in groups, and what an address may have written before them. */
const NUMBER = /((?:%\w\w)*)(\+?\(?\d(?:(?:%20|[ .()+-]){0,3}\d){8,})/g;
/** Country, check digits, and the account, perhaps in groups. */
const ACCOUNT = /[A-Z]{2}\d\d((%20|[ +-])?[A-Z0-9]){11,40}/gi;

/** Luhn's formula, ISO/IEC 7812-1. */
function isCard(digits) {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const doubled = digits[digits.length - 1 - place] * (1 + place % 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 == 0 && digits.length > 12 && digits.length < 20;
}

/** The check digits of ISO 13616. */
function isAccount(text) {
  let rest = 0;
  for (const sign of text.slice(4) + text.slice(0, 4)) {
    for (const digit of String(parseInt(sign, 36))) rest = (rest * 10 + +digit) % 97;
  }
  return rest == 1 && text.length > 14 && text.length < 35;
}

/** Whether what stands there begins inside a longer name, such as a click id. */
const inside = (text, at) => /\w$/.test(text.slice(0, at)) && !/%\w\w$/.test(text.slice(0, at));

function number(whole, escapes, run, at, text) {
  const digits = run.replace(/%20|\D/g, '');
  // National and international numbers begin so; the last form is the North American one.
  const isPhone = digits.length < 16
    && (/^(\+|\(?0)|^\(?[2-9]\d\d\)?[ .-]+\d{3}[ .-]\d{4}$/.test(run) || /%2B$/i.test(escapes));
  return !inside(text, at) && (isPhone || isCard(digits)) ? escapes + MARK : whole;
}

function account(run, ...rest) {
  const [at, text] = rest.slice(-2);
  for (let end = run.length; end > 14 && !inside(text, at); end--) {
    const ends = !/\w/.test(text[at + end] || '');
    if (ends && isAccount(run.slice(0, end).replace(/%20|\W/g, ''))) return MARK + run.slice(end);
  }
  return run;
}

/** The text without them. */
export const redact = (text) =>
  /@|%(25)*40|\d{2}/.test(text) ? text.replace(MAIL, MARK).replace(ACCOUNT, account).replace(NUMBER, number) : text;
