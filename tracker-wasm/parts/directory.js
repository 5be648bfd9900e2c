/*
 * Knows by what the browser checks the parts that few pages need, and brings those that are asked
 * for. Never brings any by itself.
 */
import * as kit from './kit.js';

const wanted = kit.wanted;
const bring = (name) => kit.given.bring(PARTS[name]);

wanted.splice(0).forEach(bring);
wanted.push = bring;
