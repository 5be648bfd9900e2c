/*
 * What comes from outside into the page's HTML: markup of the owner's variants, and plain texts.
 * Never a script, whatever the collector has let through or somebody has written into the storage.
 */

/** Elements that a variant has no use for, or that would make something run. */
const REFUSED = /^(script|iframe|frame|object|embed|portal|base|meta|link|style|template|noscript|form|fencedframe)$/;
const ADDRESSES = /^(href|src|action|formaction|poster|cite|background|data|ping)$/;
/** Attributes that a field may be put into. */
const PLAIN = /^(alt|title|placeholder|datetime|aria-label|href|src)$/;
const SCHEMES = /^(https?|mailto|tel):$/;

function isSafe(address) {
  try {
    return SCHEMES.test(new URL(address, document.baseURI).protocol);
  } catch {
    return false;
  }
}

/** Markup as nodes. Nothing in it runs or is loaded before it has been looked through. */
export function fragment(html) {
  const policy = window[Symbol.for('firstglance.policy')];
  const template = document.createElement('template');
  template.innerHTML = policy?.createHTML ? policy.createHTML(html) : html;
  for (const element of template.content.querySelectorAll('*')) {
    // Other than HTML has ways of its own.
    if (REFUSED.test(element.localName) || element.namespaceURI != 'http://www.w3.org/1999/xhtml') {
      element.remove();
      continue;
    }
    for (const { name, value } of [...element.attributes]) {
      const refused = /^(on|srcdoc|xlink)/.test(name) || (ADDRESSES.test(name) && !isSafe(value))
        || (name == 'srcset' && /^\s*(?!data:image\/)[a-z]+:(?!\/\/)/i.test(value));
      if (refused) element.removeAttribute(name);
    }
  }
  return document.importNode(template.content, true);
}

/** Texts of a variant go where the default says: `data-fg-field="title"` and `"link@href"`, several
 * with spaces between. Gives back what takes them out again. */
export function place(slot, fields) {
  const undo = [];
  for (const element of slot.querySelectorAll('[data-fg-field]')) {
    for (const [field, attribute] of element.dataset.fgField.trim().split(/\s+/).map((word) => word.split('@'))) {
      if (!Object.hasOwn(fields, field)) continue;
      const value = fields[field];
      if (attribute == null) {
        const nodes = [...element.childNodes];
        element.textContent = value;
        undo.push(() => element.replaceChildren(...nodes));
      } else if (PLAIN.test(attribute) && (!ADDRESSES.test(attribute) || isSafe(value))) {
        const present = element.getAttribute(attribute);
        element.setAttribute(attribute, value);
        undo.push(() => (present == null ? element.removeAttribute(attribute) : element.setAttribute(attribute, present)));
      }
    }
  }
  return () => undo.reverse().forEach((each) => each());
}
