/*
 * What the page takes out of addresses and texts before anything is queued, and what it leaves in
 * them. Runs in node: the module touches nothing of a browser.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { redact } from '../../tracker-wasm/page/redact.js';

const MARK = '[redacted]';

const encoded = (text) => encodeURIComponent(text).replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
const inQuery = (text) => encoded(text).replaceAll('%20', '+');
/** An address within the query of an address. */
const twice = (text) => encoded(encoded(text));

/** The places in which a secret turns up, as [what, text before, how it is written, text after]. */
const PLACES = [
  ['alone', '', (text) => text, ''],
  ['in a sentence', 'Bel of mail ', (text) => text, ' voor 3 fietsen'],
  ['at the end of a sentence', 'Contact: ', (text) => text, '.'],
  ['after a number', 'Vraag 7 ', (text) => text, ''],
  ['after "24/7"', '24/7 ', (text) => text, ''],
  ['before a year', '', (text) => text, ' 2026'],
  ['in brackets', 'Jan (', (text) => text, ')'],
  ['on another line', 'Naam\n', (text) => text, '\nStad'],
  ['in a query', 'https://shop.example/?a=1&x=', encoded, '&gclid=EAIaIQobChMIn5'],
  ['in a query, encoded in lower case', '?x=', (text) => encoded(text).replace(/%../g, (each) => each.toLowerCase()), '&b=2'],
  ['in a query with plus for space', '?x=mijn+', inQuery, '+graag&b=2'],
  ['in a path', 'https://shop.example/klant/', encoded, '/orders/'],
  ['in an address within the query', `?next=${encoded('https://shop.example/?x=')}`, twice, `${encoded('&gclid=Ab1')}&b=2`],
  ['twice encoded in a query', '?x=', twice, ''],
];

const MAILS = [
  'jan@example.nl', 'Jan.de.Vries@Example.NL', 'jan+fiets@example.co.uk', 'j_v-12@sub.example.museum',
  'jörg@müller.de', 'o!neil@example.ie', 'jan%tag@example.nl', '1234567@example.com', 'a@b.nl',
  'jan@пример.рф', 'jan@xn--e1afmkfd.xn--p1ai', 'van_jan@example.nl_1',
];

const PHONES = {
  nl: ['0612345678', '06-12345678', '06 12345678', '06 12 34 56 78', '06.12.34.56.78', '06-12 34 56 78', '020-1234567',
    '020 123 45 67', '(020) 123 45 67', '(020)1234567', '0172-123456', '+31612345678', '+31 6 12345678', '+31 6 12 34 56 78',
    '+31 (0)6 12345678', '+31(0)20-1234567', '0031612345678', '0031 6 1234 5678', '00 31 6 12345678', '06\u201112345678',
    '06\u00a012345678', '0800-1234567'],
  be: ['0470123456', '0470 12 34 56', '0470/12.34.56', '0470/123456', '0470-12-34-56', '02 123 45 67', '02/123.45.67',
    '02/123 45 67', '+32 470 12 34 56', '+32470123456', '+32 (0)2 123 45 67', '0032470123456'],
  de: ['030 123456', '030 1234567', '030/1234567', '030/123456-78', '(030) 123456', '0151 23456789', '0151-23456789',
    '01512 3456789', '+49 30 123456', '+49 (0)30 123456', '+49 (0)30 / 123456', '+49 (0) 151 - 234 567 89', '+4915123456789', '004930123456',
    '0 30 / 12 34 56 7'],
  uk: ['020 7946 0958', '(020) 7946 0958', '07700 900123', '07700900123', '01632 960001', '+44 20 7946 0958',
    '+44 (0)20 7946 0958', '+447700900123', '0044 7700 900123', '0161 496 0000'],
  us: ['(555) 123-4567', '(555)123-4567', '555-123-4567', '555.123.4567', '555 123 4567', '1-555-123-4567', '1 (555) 123-4567',
    '+1 555 123 4567', '+1 (555) 123-4567', '+1-555-123-4567', '+15551234567', '001 555 123 4567'],
};

const CARDS = [
  '4111111111111111', '4111 1111 1111 1111', '4111-1111-1111-1111', '5555555555554444', '5555 5555 5555 4444', '2223003122003222',
  '378282246310005', '3782 822463 10005', '30569309025904', '3056 930902 5904', '6011111111111117', '3530111333300000', '6212345678900000003',
];

const ACCOUNTS = [
  'NL91ABNA0417164300', 'DE89370400440532013000', 'BE68539007547034', 'GB29NWBK60161331926819', 'FR1420041010050500013M02606',
  'ES9121000418450200051332', 'IT60X0542811101000000123456', 'AT611904300234573201', 'CH9300762011623852957',
  'IE29AIBK93115212345678', 'LU280019400644750000', 'PL61109010140000071219812874', 'DK5000400440116243', 'NO9386011117947',
  'SE4550000000058398257466', 'PT50000201231234567890154', 'MT84MALT011000012345MTLCAST001S',
];
const fours = (text, between) => text.match(/.{1,4}/g).join(between);

const SECRETS = {
  'e-mail addresses': MAILS,
  ...Object.fromEntries(Object.entries(PHONES).map(([country, phones]) => [`telephone numbers of ${country}`, phones])),
  'numbers of cards': CARDS,
  'numbers of accounts': ACCOUNTS.flatMap((each) => [each, each.toLowerCase(), fours(each, ' '), fours(each, '-'), fours(each, '\u00a0')]),
};

/** Letters and digits of a text, without its codes: what somebody could read out of it. */
function legible(text) {
  let plain = text.replaceAll('+', ' ');
  for (let times = 0; times < 2; times++) {
    try {
      plain = decodeURIComponent(plain);
    } catch {}
  }
  return plain.toLowerCase().replace(/[^\p{L}\d]/gu, '');
}

/** The longest part of a secret that is still there. */
function remains(secret, text) {
  const [whole, rest] = [legible(secret), legible(text)];
  for (let size = whole.length; size > 0; size--) {
    for (let start = 0; start + size <= whole.length; start++) {
      if (rest.includes(whole.slice(start, start + size))) return whole.slice(start, start + size);
    }
  }
  return '';
}

describe('taken out', () => {
  for (const [kind, secrets] of Object.entries(SECRETS)) {
    for (const [what, before, write, after] of PLACES) {
      test(`${kind}, ${what}`, () => {
        const failed = [];
        for (const secret of secrets) {
          const text = before + write(secret) + after;
          const clean = redact(text);
          // Three signs may stand elsewhere as well: in the year, in a path.
          const left = remains(secret, clean.slice(before.length, clean.length - after.length || undefined));
          if (!clean.includes(MARK) || left.length > 3) failed.push({ text, clean, left });
          // What stands around it says what page it was.
          // Before a mailbox a plus is a part of it.
          else if (!clean.startsWith(before.replace(/\s+$|mijn\+$/, ''))) failed.push({ text, clean });
        }
        assert.deepEqual(failed, []);
      });
    }
  }

  test('two in a row, whichever they are', () => {
    const all = Object.values(SECRETS).flat();
    const failed = [];
    let pairs = 0;
    for (const between of [' ', ', ', ' / ', '\n', ' of ', '%20']) {
      all.forEach((secret, index) => {
        const other = all[(index * 7 + 3) % all.length];
        const text = [secret, other].map(between === '%20' ? encoded : String).join(between);
        const clean = redact(text);
        pairs++;
        for (const each of [secret, other]) {
          const left = remains(each, clean);
          if (left.length > 4) failed.push({ text, clean, left });
        }
      });
    }
    // One in 97 of what follows an account passes for a part of it, and the rest is what it is then.
    assert.deepEqual(failed.filter(({ text }) => !/^[a-z]{2}\d\d/i.test(text)), []);
    assert.ok(failed.length < pairs / 50, `${failed.length} of ${pairs}: ${JSON.stringify(failed, null, 1)}`);
  });

  test('a card with the end of its validity', () => {
    for (const text of ['4111 1111 1111 1111 12/27', '4111 1111 1111 1111 12 27 123', '4111111111111111 1227']) {
      assert.ok(!redact(text).includes('1111'), redact(text));
    }
  });

  test('what follows an address stays', () => {
    assert.equal(redact('?email=jan%40example.nl&gclid=Ab1'), `?email=${MARK}&gclid=Ab1`);
    assert.equal(redact('/klant/jan@example.nl/orders?x=1'), `/klant/${MARK}/orders?x=1`);
    assert.equal(redact('Mail jan@example.nl, of bel 06-12345678'), `Mail ${MARK}, of bel ${MARK}`);
    assert.equal(redact('?next=https%3A%2F%2Fa.nl%2F%3Fmail%3Djan%40a.nl%26gclid%3DAb1'), `?next=https%3A%2F%2Fa.nl%2F%3Fmail%3D${MARK}%26gclid%3DAb1`);
    assert.equal(redact('IBAN NL91 ABNA 0417 1643 00 t.n.v. Jansen'), `IBAN ${MARK} t.n.v. Jansen`);
  });

  test('nothing is taken out twice', () => {
    for (const secret of Object.values(SECRETS).flat()) {
      const clean = redact(`Zie ${secret} hier`);
      assert.equal(redact(clean), clean);
    }
  });
});

describe('left in', () => {
  const KEPT = {
    'ids of clicks': [
      '?gclid=EAIaIQobChMIn5Pq2a7-gQMVgIODBx0V1QKfEAAYASAAEgKQ9_D_BwE', '?gclid=Cj0KCQjw1OmoBhDXARIsAAAYGSEb0123456789-0Zk_wcB',
      '?gbraid=0AAAAADn4Tb0Vd3gqxYQWd8h1Lk1', '?wbraid=ClQKCAjw0123456789EiQA', '?dclid=CMTh5fCR0e4CFQ',
      '?fbclid=IwAR0x1234567890abcdefGHIJKLMNOPqrstuvwxyz0123456789_-abc', '?fbclid=PAZXh0bgNhZW0BMABhZGlkAasfV0123456789012345678',
      '?msclkid=1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d', '?msclkid=12345678901234567890123456789012', '?ttclid=E.C.P.CsYBK1_0123456789aZ',
      '?li_fat_id=123e4567-e89b-12d3-a456-426614174000', '?_ga=2.123456789.1700000000.1690000000-1234567890.1690000000',
      '?_gl=1*1abc2de*_ga*MTIzNDU2Nzg5MC4xNzAwMDAwMDAw', 'fb.1.1700000000000.1234567890', '?utm_id=120210123456789012', '?utm_id=23850123456789012',
    ],
    'other ids': [
      '123e4567-e89b-42d3-a456-426614174000', '00000000-0000-4000-8000-000000000000', '507f1f77bcf86cd799439011',
      'd41d8cd98f00b204e9800998ecf8427e', '/video/dQw4w9WgXcQ', '/status/1750000000000000000',
    ],
    'prices': ['€ 1.299,00', '€ 12.345.678,90', '$1,299.99', '1299', '1 299,00', '-20% korting', '3 voor 2', 'van 2.499,- voor 1.999,-'],
    'years and dates': [
      '2024', '2019-2024', '01-02-2024', '01-02-2024 10:30', '01/02/2024 10:30', '1.2.2024 10.30', '01.02.2024 10:30 Uhr',
      '2024-01-15', '2024-01-15T10:30:00.000Z', '2024-01-15 10:30:45', '2024-01-15-093045', '20240115103000', '/2024/01/15/artikel-123456/',
      '1700000000', '1700000000000', '?t=1700000000000', '09:00-17:30', '24/7',
    ],
    'numbers of orders': ['Order 100123456', '#2024001234', '2024-000123456', 'ORD-2024-001234', '/bestelling/1000123456/', '?order=20240115001', '300012345678', 'zoek?q=order+123456789'],
    'ids of products': ['/p/123456789', '/e-bikes/spits-45/', 'SKU 4711-0815', '/dp/B08N5WRWNW', '9780306406157', '?ean=4006381333931', '8712345678906', '5901234123457', '978-3-16-148410-0', '/artikel/12345-67890-12345'],
    'names of packages': ['@angular/core', '/package/@types/node', 'lodash@4.17.21', 'react@18.2.0-beta.1', 'react@18.2.0-beta.rc1', 'npm:@scope/name@1.2.3'],
    'handles': ['@jan', '@jan.jansen', 'twitter.com/@wielrijk', '/@jan.de.vries/artikel-1', 'jan@localhost'],
    'places': [
      '51.924420,4.477733', '52.3702157,4.8951679', '@52.3702157,4.8951679,12z', '-0.1278123456', '0.1278123456', '?lat=52.0907370&lng=5.1214200',
      '?bbox=4.7288999,52.2781742,5.0791622,52.4310638', '?ll=51.924420%2C4.4777330',
    ],
    'versions and addresses of machines': ['1.2.3', 'v10.15.7', '120.0.6099.129', '192.168.100.200', '10.0.0.1', 'Chrome/120.0.0.0'],
    'sizes': ['1920x1080', '28x1.75', 'logo@2x.png', '0-60 in 3.2 s', '1 2 3 4 5 6 7 8 9 10'],
    'codes': ['%20%20%20', '100%', '?a=%E2%82%AC%2010', '%', '%2', '?redirect=%252Fe-bikes%252F%253Fkleur%253Drood'],
    'texts': ['', 'Alle e-bikes', 'Plan een proefrit', 'IBAN', 'NL99 FIETSEN VAN 2024 EN OUDER 100', 'DE 27 mooiste fietsen van 2024 en 2025'],
  };
  for (const [kind, texts] of Object.entries(KEPT)) {
    test(kind, () => assert.deepEqual(texts.map(redact), texts));
  }
});

describe('random ids', () => {
  /** Mulberry32: the same ids in every run. */
  function random(seed) {
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }
  const COUNT = 20_000;
  const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const of = (signs, length) => (next) => Array.from({ length }, () => signs[Math.floor(next() * signs.length)]).join('');
  const hex = (length) => of('0123456789abcdef', length);
  /** What is made, and of how many thousand one may be damaged. */
  const KINDS = {
    gclid: [of(BASE64, 91), 0.2],
    fbclid: [of(BASE64, 61), 0.2],
    msclkid: [hex(32), 0.2],
    'ids in hexadecimal of 24': [hex(24), 0.2],
    UUID: [(next) => [8, 4, 4, 4, 12].map((length) => hex(length)(next)).join('-'), 1],
    'short ids': [of(BASE64.slice(0, 62), 11), 0.2],
    'milliseconds': [(next) => String(1_600_000_000_000 + Math.floor(next() * 3e11)), 0],
    'numbers of orders': [(next) => `20${20 + Math.floor(next() * 10)}${String(Math.floor(next() * 1e7)).padStart(7, '0')}`, 0],
  };
  for (const [kind, [make, perThousand]] of Object.entries(KINDS)) {
    test(`${kind} stay as they are`, () => {
      const next = random(20_26);
      let damaged = 0;
      for (let count = 0; count < COUNT; count++) {
        const address = `https://shop.example/e-bikes/?x=${make(next)}&y=1`;
        damaged += redact(address) !== address;
      }
      assert.ok(damaged <= perThousand * COUNT / 1000, `${damaged} of ${COUNT} were damaged`);
    });
  }

  test('accounts and cards that are made at random do not', () => {
    const next = random(7);
    const digits = of('0123456789', 15);
    for (let count = 0; count < 2_000; count++) {
      const body = `4${digits(next).slice(1)}`;
      const sum = [...body].reverse().reduce((total, digit, place) => {
        const doubled = digit * (place % 2 ? 1 : 2);
        return total + (doubled > 9 ? doubled - 9 : doubled);
      }, 0);
      const card = body + (10 - sum % 10) % 10;
      assert.equal(redact(`?n=${card}`), `?n=${MARK}`);
      const account = of('0123456789', 18)(next);
      const check = 98n - BigInt(`${account}131400`) % 97n;
      assert.equal(redact(`?n=DE${String(check).padStart(2, '0')}${account}`), `?n=${MARK}`);
    }
  });
});

describe('what is made to take long does not', () => {
  const LONG = 4096;
  const fill = (text) => (length) => text.repeat(Math.ceil(length / text.length)).slice(0, length);
  const HOSTILE = {
    'letters': fill('a'), 'at signs': fill('@'), 'encoded at signs': fill('%40'), 'addresses without an end': fill('a@b.'), 'points': fill('a@' + '.'.repeat(5000)),
    'digits': fill('1'), 'zeros': fill('0'), 'digits apart': fill('0 '), 'digits with strokes': fill('0/'), 'digits with minus': fill('01-'),
    'digits far apart': fill('1    '), 'encoded spaces': fill('%20'), 'percent signs': fill('%'), 'codes of codes': fill('%25'), 'a code without an end': (length) => fill('25')(length).replace('2', '%2'),
    'digits and codes': fill('1%20'), 'plus signs': fill('+'), 'plus and digits': fill('+1'), 'brackets': fill('(0)'), 'beginnings of accounts': fill('NL91'),
    'accounts with spaces': fill('NL91 '), 'letters and digits': fill('a1'), 'nearly accounts': fill('NL90ABNA0417164300 '), 'nearly cards': fill('4111 1111 1111 1112 '),
    'addresses': fill('a@b.nl '), 'telephones': fill('0612345678 '), 'spaces': fill(' '), 'minus signs': fill('-'),
  };
  // Of the processor, not of the clock: a machine that does other things as well takes longer.
  const spent = (text) => {
    let least = Infinity;
    for (let round = 0; round < 6; round++) {
      const begun = process.cpuUsage();
      for (let times = 0; times < 3; times++) redact(text);
      const { user, system } = process.cpuUsage(begun);
      least = Math.min(least, user + system);
    }
    return Math.max(least, 1);
  };
  for (const [what, make] of Object.entries(HOSTILE)) {
    test(what, () => {
      const [short, long] = [make(LONG / 4), make(LONG)];
      spent(short);
      const ratio = spent(long) / spent(short);
      // Four times the text: four times the time, and sixteen times where it grows with the square.
      assert.ok(ratio < 10, `four times as long takes ${ratio.toFixed(1)} times the time`);
    });
  }
});
