/*
 * Lets JSX know Firstglance's attributes: `import type {} from 'firstglance/react'` once in a
 * project. Apart from index.d.ts, which must work where there is no React.
 */
import type { ElementHooks, ScriptAttributes, SlotHooks, TemplateHooks } from './index.js';

/** Attributes by their full names; JSX takes those that begin with `data-fg-prop-` as they come. */
type Named<Hooks> = {
  [Name in keyof Hooks as Name extends `data-fg-prop-${infer Property}` ? (string extends Property ? never : Name) : Name]: Hooks[Name];
};

declare module 'react' {
  interface HTMLAttributes<T> extends Named<ElementHooks>, SlotHooks, Pick<Partial<TemplateHooks>, 'data-fg-when'> {}
  interface ScriptHTMLAttributes<T> extends ScriptAttributes {}
}
