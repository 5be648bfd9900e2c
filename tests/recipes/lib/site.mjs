/*
 * A site made by a recipe: its web server, a real collector on another origin, and visitors, each
 * with a proxy before the collector that sees what really left the browser.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launch, Visitor } from '../../browser/lib/browser.mjs';
import { Collector } from '../../browser/lib/collector.mjs';
import { Proxy } from '../../browser/lib/proxy.mjs';
import { Front } from './front.mjs';

/** The folder with the recipes' sites as they are written. */
export const WRITTEN = fileURLToPath(new URL('../', import.meta.url));
/** The folder with what `cargo xtask recipes` has built of them. */
export const BUILT = process.env.FIRSTGLANCE_RECIPES || fileURLToPath(new URL('../../../target/recipes/', import.meta.url));

export const built = (...path) => join(BUILT, ...path);
export const written = (...path) => join(WRITTEN, ...path);

export class Site {
  #proxies = [];

  /** Opens a site; `folders` and `fallback` as for its web server, `configure` as for the collector. */
  static async open({ folders, fallback, configure = (text) => text } = {}) {
    const site = new Site();
    try {
      site.front = await Front.start({ folders, fallback });
      site.collector = await Collector.start({
        origins: [site.front.origin],
        configure: (text) => configure(text.replace('write_key = "demo-fietsen"', 'write_key = "my-shop"')),
      });
      // The cache for going back is what people have.
      site.browser = await launch({ cache: true });
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  get origin() {
    return this.front.origin;
  }

  get admin() {
    return this.collector.admin;
  }

  /** A new visitor; `headers` are added to every page of theirs. */
  async visitor({ headers = {}, ...options } = {}) {
    const visitor = await Visitor.arrive(this.browser, options);
    visitor.proxy = await Proxy.start(this.collector.origin);
    this.#proxies.push(visitor.proxy);
    visitor.origin = this.origin;
    this.front.collector = visitor.proxy.origin;
    this.front.headers = headers;
    this.front.pages = [];
    // Frameworks complain of themselves in warnings.
    visitor.context.on('console', (message) => {
      if (message.type() == 'warning') visitor.errors.push(`warning: ${message.text()} (${message.location().url})`);
    });
    return visitor;
  }

  async close() {
    await this.browser?.close();
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await this.collector?.remove();
    await this.front?.stop();
  }
}
