/*
 * Under consent *segments*: tells the collector which segments the visitor is in, when they have
 * changed, and a coarse score. Never anything that they were derived from.
 */
import * as kit from './kit.js';

/** The score is told as the greatest of these that it reaches. */
const BUCKETS = [80, 50, 20, 0];

function report({ consent, segments, score }) {
  if (consent != 'segments') return;
  const list = segments.join(' ');
  if (list == kit.read('reported')) return;
  kit.write('reported', list);
  kit.derived({ segments, score_bucket: BUCKETS.find((from) => score >= from), model: new URLSearchParams(kit.read('options', 1)).get('version') });
}

kit.run(kit.call, ['onSegments', report], 1);
