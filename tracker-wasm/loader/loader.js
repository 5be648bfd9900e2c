/*
 * The loader: the one script that a site owner pastes. What is known of the visitor from earlier
 * pages it shows at once, while the page is read; then it brings the page's script when the page
 * has time for it, and keeps calls until then. Where a known visitor leaves sooner, it sends the
 * page view and what the page has told, and never anything else. It never lets an error reach the page. The build wraps it in
 * a function and fills in the hashes of the script and of the part that adapts the page. A collector may serve it with other
 * names for the files and the API, which therefore stand here once.
 */
try {
  const script = document.currentScript;
  const attribute = (name) => script.getAttribute('data-' + name);
  // Other sites on the same page have functions, scripts and names of their own.
  const name = attribute('name') || 'firstglance';
  const api = window[name] = window[name] || function () {
    (api.q = api.q || []).push(arguments);
  };
  const queue = api.q = api.q || [];
  const site = attribute('site');

  const base = new URL('.', script.src).href;
  const collector = base + 'v1/';
  // What the browser asks for goes before what the page says.
  const consent = navigator.globalPrivacyControl || navigator.doNotTrack == 1 ? 'denied' : attribute('consent');
  const read = (key) => localStorage.getItem('fg:' + site + ':' + key);
  const stated = () => read('consent') || consent || read('default');

  // Another file of the build, by what the browser checks of it.
  const file = (integrity, kind) => base + 'fg-' + integrity.slice(7, 17).replace(/\W/g, '_') + kind;

  // Brings a script, once, and has the browser check it. The fragment makes it a module of its own
  // for each name.
  const POLICY = Symbol.for('firstglance.policy');
  const bring = (integrity) => {
    const url = file(integrity, '.js') + '#' + name;
    if (queue.fg[url]) return;
    queue.fg[url] = 1;
    const module = document.createElement('script');
    module.type = 'module';
    module.nonce = script.nonce;
    module.integrity = integrity;
    try {
      // One for all instances: a name can often be given only once.
      const own = (given) => given;
      const policy = window[POLICY] = window[POLICY]
        || (window.trustedTypes || { createPolicy: (_, rules) => rules }).createPolicy('firstglance', { createScriptURL: own, createHTML: own });
      module.src = policy.createScriptURL(url);
      document.head.append(module);
    } catch (error) {
      // Where trusted types are asked for and ours is not named, a script may still import another.
      import(url).catch(() => {});
    }
  };

  const load = () => bring('__INTEGRITY__');

  // What is not in force yet is looked at in one tab, until it is closed.
  let preview = new URLSearchParams(location.search).get('fg_preview');
  try {
    // A page pays for each storage that is opened, so the other one says whether to look into this.
    preview = preview || (localStorage['fg:preview'] && sessionStorage['fg:preview']);
  } catch (error) {}

  // Search engines get the page as it was written. A browser that a test drives is no robot.
  const robot = /[^u]bot|crawl|spider/i.test(navigator.userAgent);

  // Tells style sheets what is known.
  const mark = (values) => {
    const root = document.documentElement.dataset;
    if (!robot) ['fgSegments', 'fgInterest', 'fgStage'].forEach((name, index) => {
      const value = values[index];
      if (!value) delete root[name];
      else if (root[name] != value) root[name] = value;
    });
  };

  // What is known shows before anything is drawn, under the consent that was kept with it.
  const recall = () => {
    const known = read('shown');
    if (!known || robot || preview || name != 'firstglance' || !/^(granted|segments)$/.test(stated())) return;
    const values = known.split('\n');
    queue.fg.known = values[0];
    mark(values);
    if (!read('content')) return;
    queue.fg.adapt();
    if (document.body) return;
    // Drawing waits for what fills in the page, and not for long, whatever happens.
    const { style } = document.documentElement;
    style.visibility = 'hidden';
    setTimeout(queue.fg.reveal = () => style.visibility = '', 400);
  };

  // Only with the consent and under the name that an earlier page has kept.
  const leave = () => {
    try {
      const anonymousId = read('id');
      const state = stated();
      if (queue.fg.running || preview || !anonymousId || state != 'granted') return;
      const timestamp = new Date().toISOString();
      // The script looks closer. Here, what might be an address, a telephone or an account is one.
      const clean = (url) => url.split('#')[0].slice(0, 2048).replace(/[^/?&=]+/g, (part) =>
        /@|%(25)*40|(^|[^\w-]|%\w\w)([a-z]{2}\d\d\w{4}\d{7}|[+(]*(\d\W{0,3}){9,}(?!\w))/i.test(part) ? '[redacted]' : part);
      const properties = {
        url: clean(location.href),
        path: clean(location.pathname),
        referrer: clean(document.referrer),
      };
      const messages = [{ type: 'page', properties }];
      // What the page has told so far, with nothing of it that the script would have to look at.
      for (const [type, event, properties] of queue) {
        if (type == 'track' && typeof event == 'string') messages.push({ type, event, properties });
      }
      queue.fg.left = 1;
      fetch(collector + 'batch', {
        method: 'POST',
        keepalive: true,
        credentials: 'include',
        body: JSON.stringify({
          writeKey: site,
          claim: read('claim'),
          consent: state,
          batch: messages.map((message, index) => Object.assign(message, {
            messageId: anonymousId + timestamp + index,
            timestamp,
            context: { page: properties, library: { name: 'firstglance' } },
            anonymousId,
          })),
        }),
      }).catch(() => {});
    } catch (error) {}
  };

  const plan = () => {
    try {
      recall();
    } catch (error) {}
    addEventListener('pagehide', leave);
    // Somebody who acts may soon be gone: no more waiting for an idle moment.
    for (const event of ['pointerdown', 'keydown', 'scroll']) addEventListener(event, load, { once: true, passive: true });
    // To a timer, such an option means "soon".
    const idle = () => (window.requestIdleCallback || setTimeout)(load, { timeout: 1000 });
    if (document.readyState == 'loading') addEventListener('DOMContentLoaded', idle);
    else idle();
  };

  // Once a page, however often the script is in it.
  if (site && !queue.fg) {
    queue.fg = { site, consent, collector, script, bring, file, robot, mark, preview, adapt: () => bring('__CONTENT__') };
    // A page that is only prepared may never be seen.
    if (document.prerendering) document.addEventListener('prerenderingchange', plan, { once: true });
    else plan();
  }
} catch (error) {}
