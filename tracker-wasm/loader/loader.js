/*
 * The loader: the one script that a site owner pastes. It brings the page's script when the page
 * has time for it, and keeps calls until then. Where a known visitor leaves sooner, it sends the
 * page view and what the page has told, and never anything else. It never lets an error reach the page. The build wraps it in
 * a function and fills in the name and the hash of the script. A collector may serve it with other
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

  // Brings a script, and has the browser check it. The fragment makes it a module of its own for
  // each name.
  const POLICY = Symbol.for('firstglance.policy');
  const bring = (address, integrity) => {
    const url = address + '#' + name;
    const module = document.createElement('script');
    module.type = 'module';
    module.nonce = script.nonce;
    module.integrity = integrity;
    try {
      // One for all instances: a name can often be given only once.
      const policy = window[POLICY] = window[POLICY]
        || (window.trustedTypes || { createPolicy: (_, rules) => rules }).createPolicy('firstglance', { createScriptURL: (own) => own });
      module.src = policy.createScriptURL(url);
      document.head.append(module);
    } catch (error) {
      // Where trusted types are asked for and ours is not named, a script may still import another.
      import(url).catch(() => {});
    }
  };

  const load = () => {
    if (!queue.fg.loading) bring(base + '__SCRIPT__', '__INTEGRITY__');
    queue.fg.loading = 1;
  };

  // Only with the consent and under the name that an earlier page has kept.
  const leave = () => {
    try {
      const read = (key) => localStorage.getItem('fg:' + site + ':' + key);
      const anonymousId = read('id');
      const state = read('consent') || consent || read('default');
      if (queue.fg.running || !anonymousId || state != 'granted') return;
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
    queue.fg = { site, consent, collector, script, bring };
    // A page that is only prepared may never be seen.
    if (document.prerendering) document.addEventListener('prerenderingchange', plan, { once: true });
    else plan();
  }
} catch (error) {}
