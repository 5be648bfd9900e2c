/*
 * What most tests need: the demo shop on a real collector, and a browser with visitors. Each of
 * them comes through a proxy of their own, so that what a page still sends while it is closed is
 * never taken for somebody else's.
 */
import { launch, Visitor } from './browser.mjs';
import { Collector } from './collector.mjs';
import { Proxy } from './proxy.mjs';

export class Shop {
  #proxies = [];

  /** Opens the shop; `cache` and `site` as for the browser, `configure` as for the collector. */
  static async open({ cache, site, configure } = {}) {
    const shop = new this();
    try {
      shop.collector = await Collector.start({ configure });
      shop.browser = await launch({ cache, site });
    } catch (error) {
      await shop.close();
      throw error;
    }
    return shop;
  }

  get admin() {
    return this.collector.admin;
  }

  /**
   * A new visitor, with `origin` and `proxy` of their own. `headers`, `changeHtml` and
   * `pages` are the proxy's; the rest as for `Visitor.arrive`.
   */
  async visitor({ headers, changeHtml, pages, ...options } = {}) {
    const visitor = await Visitor.arrive(this.browser, options);
    visitor.proxy = await Proxy.start(this.collector.origin, { headers, changeHtml, pages });
    this.#proxies.push(visitor.proxy);
    visitor.origin = visitor.proxy.origin;
    return visitor;
  }

  async close() {
    await this.browser?.close();
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await this.collector?.remove();
  }
}
