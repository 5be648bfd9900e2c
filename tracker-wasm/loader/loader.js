/*
 * The loader: the one script that a site owner pastes. It brings the page's script when the page
 * has time for it, and keeps calls until then. Where a known visitor leaves sooner, it sends the
 * page view, and never anything else. It never lets an error reach the page. The build wraps it in
 * a function.
 */
try {
  const script = document.currentScript;
  const api = window.firstglance = window.firstglance || function () {
    (api.q = api.q || []).push(arguments);
  };
  const queue = api.q = api.q || [];
  const site = script.getAttribute('data-site');

  const base = new URL('.', script.src).href;
  // What the browser asks for goes before what the page says.
  const attribute = navigator.globalPrivacyControl || navigator.doNotTrack == 1 ? 'denied' : script.getAttribute('data-consent');
  /** 1 while the script is on its way, 2 once it is there. */
  let loading;

  const load = () => {
    if (loading) return;
    loading = 1;
    import(base + '__GLUE__')
      .then((module) => {
        loading = 2;
        module.start({ base, site, attribute, queue, wasm: base + '__WASM__' });
      })
      .catch(() => {});
  };

  // Only with the consent and under the name that an earlier page has kept.
  const leave = () => {
    try {
      const read = (name) => localStorage.getItem('fg:' + site + ':' + name);
      const anonymousId = read('id');
      const consent = read('consent') || attribute || read('default');
      if (loading == 2 || !anonymousId || consent != 'granted') return;
      const timestamp = new Date().toISOString();
      const properties = {
        url: location.href.split('#')[0],
        path: location.pathname,
        referrer: document.referrer,
      };
      fetch(base + 'v1/batch', {
        method: 'POST',
        keepalive: true,
        credentials: 'include',
        body: JSON.stringify({
          writeKey: site,
          claim: read('claim'),
          consent,
          batch: [{
            messageId: anonymousId + timestamp,
            timestamp,
            type: 'page',
            properties,
            context: { page: properties, library: { name: 'firstglance' } },
            anonymousId,
          }],
        }),
      }).catch(() => {});
    } catch (error) {}
  };

  const plan = () => {
    addEventListener('pagehide', leave);
    // Somebody who acts may soon be gone: no more waiting for an idle moment.
    for (const name of ['pointerdown', 'keydown', 'scroll']) addEventListener(name, load, { once: true, passive: true });
    // To a timer, such an option means "soon".
    const idle = () => (window.requestIdleCallback || setTimeout)(load, { timeout: 1000 });
    if (document.readyState == 'loading') addEventListener('DOMContentLoaded', idle);
    else idle();
  };

  // Once a page, however often the script is in it.
  if (site && !queue.fg) {
    queue.fg = 1;
    // A page that is only prepared may never be seen.
    if (document.prerendering) document.addEventListener('prerenderingchange', plan, { once: true });
    else plan();
  }
} catch (error) {}
