/*
 * What a page can do with Firstglance: `init` for modules, the global function of the script tag, the state that
 * listeners are given, the DOM event, and the attributes of elements and of the script tag.
 */

/** Plain data, as JSON has it. No dates, functions or class instances: they would arrive as something else. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** An object of plain data. What is `undefined` is left out. An `interface` fits where it is written as a `type`. */
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** Properties of an event. Conditions can ask for texts, numbers, `true` and `false`. */
export type Properties = JsonObject;

/** What is known of somebody: `{ type: 'customer', newsletter: true }`. */
export type Traits = JsonObject;

/**
 * What the visitor allows.
 *
 * - `granted`: the browser keeps id, profile and queue; events are sent.
 * - `segments`: the browser keeps id and profile; only ids of segments and a coarse score are sent.
 * - `session`: nothing is kept; events are sent under an id that ends with the page.
 * - `denied`: only the refusal is kept; nothing is sent.
 */
export type Consent = 'granted' | 'segments' | 'session' | 'denied';

/** A consent, or who knows it: Google Consent Mode's signals, or the IAB's `__tcfapi`. */
export type ConsentSource = Consent | 'google' | 'tcf';

/** What a visitor seems to want. */
export interface Interest {
  /** Id, as segments and `data-fg-show` name it. */
  readonly id: string;
  /** What people call it. */
  readonly label: string;
  /** Strength, 0 to 1. From 0.5 on it is a segment by itself. */
  readonly score: number;
  /** How far it is ahead of the next interest, 0 to 1. */
  readonly margin: number;
}

/** Parameters of the campaign by which a visitor came last: `utm_campaign` is `name`, the others are called as in the address. */
export interface Campaign {
  readonly source?: string;
  readonly medium?: string;
  readonly name?: string;
  readonly term?: string;
  readonly content?: string;
  readonly id?: string;
  readonly source_platform?: string;
  readonly creative_format?: string;
  readonly marketing_tactic?: string;
  readonly [parameter: string]: string | undefined;
}

/** What Firstglance knows of the visitor at a moment. */
export interface State {
  /** Ids of the segments that the visitor is in, sorted. */
  readonly segments: readonly string[];
  /** Interests, strongest first. */
  readonly interests: readonly Interest[];
  /** How well the visitor's interests are known, 0 to 1. */
  readonly confidence: number;
  /** The lead score; 0 to 100 where the site has no rules of its own. */
  readonly score: number;
  /** Id of the stage that the score has reached: `cold`, `warm` and `hot` where the site has none of its own. */
  readonly stage: string;
  /** Visits, this one included. A visit ends after 30 minutes without an event. */
  readonly visits: number;
  /** Page views of all visits. */
  readonly pageViews: number;
  /** Seconds of all visits in which the visitor looked at a page and did something. */
  readonly activeSeconds: number;
  /** What the visitor searched for on the site, latest last. */
  readonly searches: readonly string[];
  /** The campaign by which the visitor came last; `null` where there was none. */
  readonly campaign: Campaign | null;
  /** Host from which the visitor came last, without `www.`; `null` where there was none. */
  readonly referrer: string | null;
  /** Segments that the visitor is in since this state, and was not before. */
  readonly entered: readonly string[];
  /** Segments that the visitor is not in any more since this state. */
  readonly left: readonly string[];
  /** The consent that holds; `null` as long as it is not known. */
  readonly consent: Consent | null;
  /** The visitor's id; `null` where there is none. */
  readonly visitor: string | null;
}

/** Is given each new state, and the present one at once where there is one. */
export type SegmentsListener = (state: State) => void;

/** Is given the strongest interest, at once where something is known, and whenever it is another; `null` where there is none. */
export type InterestListener = (interest: Interest | null, state: State) => void;

/** Is given the id of the stage, at once where it is known, and whenever it is another. */
export type StageListener = (stage: string, state: State) => void;

/** What the visitor sees in a slot. */
export interface Decision {
  /** Id of the slot. */
  readonly slot: string;
  /**
   * - `variant`: this variant.
   * - `control`: the default, although there is a variant for this visitor: they are held out, so that its effect is known.
   * - `default`: the default.
   */
  readonly kind: 'variant' | 'control' | 'default';
  /** Id of the variant, also of the one that somebody in the control group does not see; `null` for the default. */
  readonly variant: string | null;
  /** Markup of the variant, made safe by the collector; `null` where it has fields, or stands in the page's own `<template>`. */
  readonly html: string | null;
  /** Plain texts of the variant, by their names. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Is given what the visitor sees in a slot, as soon as it is known, and whenever it is something else. */
export type DecisionListener = (decision: Decision) => void;

/** A slot of the page shows something else. */
export interface ContentChange {
  /** Id of the slot. */
  readonly slot: string;
  readonly kind: Decision['kind'];
  /** Id of the variant that is shown; `null` for the default. */
  readonly variant: string | null;
  /** The slot itself. */
  readonly element: HTMLElement;
}

/**
 * The global function of the script tag. Before the script is there, calls wait in `q`:
 * `window.firstglance = window.firstglance || function () { (firstglance.q = firstglance.q || []).push(arguments) }`.
 */
export interface Firstglance {
  /** Sends an event of yours. */
  (call: 'track', name: string, properties?: Properties): void;
  /** Says who the visitor is. */
  (call: 'identify', userId: string | number, traits?: Traits): void;
  /** Says something of a visitor who stays unnamed. */
  (call: 'identify', traits: Traits): void;
  /** Counts a page view that Firstglance cannot see by itself; the one that it has just counted is not counted twice. */
  (call: 'page'): void;
  /** Says what the visitor has chosen; it is kept for later pages. */
  (call: 'consent', consent: Consent): void;
  /** Erases what this browser keeps, and has the collector erase this browser's visitor. */
  (call: 'forget'): void;
  /** Calls a function with each new state. */
  (call: 'onSegments', listener: SegmentsListener): void;
  /** Calls a function with the strongest interest. */
  (call: 'onInterest', listener: InterestListener): void;
  /** Calls a function with the stage. */
  (call: 'onStage', listener: StageListener): void;
  /** Calls a function with what the visitor sees in a slot. */
  (call: 'decide', slot: string, listener: DecisionListener): void;
  /** Calls that wait for the script. */
  q?: ArrayLike<unknown>[];
}

/** The calls that `init` gives back. All of them may be made at once, and do nothing on a server. */
export interface Calls {
  /** Sends an event of yours: `track('Plan Chosen', { plan: 'Basis' })`. */
  track(name: string, properties?: Properties): void;
  /** Says who the visitor is: `identify('customer-7', { type: 'customer' })`. */
  identify(userId: string | number, traits?: Traits): void;
  /** Says something of a visitor who stays unnamed: `identify({ newsletter: true })`. */
  identify(traits: Traits): void;
  /** Counts a page view that Firstglance cannot see by itself. Routers that change the address need no call. */
  page(): void;
  /** Says what the visitor has chosen; it is kept for later pages. */
  consent(consent: Consent): void;
  /** Erases what this browser keeps, and has the collector erase this browser's visitor. */
  forget(): void;
  /** Calls a function with each new state, and with the present one at once where there is one. Returns what ends that. */
  onSegments(listener: SegmentsListener): () => void;
  /** Calls a function with the strongest interest, at once where something is known, and whenever it is another. Returns what ends that. */
  onInterest(listener: InterestListener): () => void;
  /** Calls a function with the id of the stage, at once where it is known, and whenever it is another. Returns what ends that. */
  onStage(listener: StageListener): () => void;
  /**
   * What the visitor sees in a slot: settled as soon as it is known, and never where the script does not come. On a server, the
   * default. Whatever shows it says so by `data-fg-viewed`, so that it counts as seen.
   */
  decide(slot: string): Promise<Decision>;
  /** Calls a function with what the visitor sees in a slot, as soon as it is known, and whenever it is something else. Returns what ends that. */
  decide(slot: string, listener: DecisionListener): () => void;
}

/** Options of the script, as `init` takes them. They win over the site's own, in `[tracker]` of firstglance.toml. */
export interface ScriptOptions {
  /** Names of address parameters that carry a search. */
  search?: string | readonly string[] | undefined;
  /** Whether a change of what follows `#` is a page view. Off by default. */
  hashRoutes?: boolean | undefined;
  /** Selector of the element that scrolls in the window's place. It is found by itself where this is not given. */
  scrollContainer?: string | undefined;
  /** Whether forms are watched: viewed, started, submitted, abandoned. On by default. */
  forms?: boolean | undefined;
  /** Whether progress of video and audio is watched. On by default. */
  media?: boolean | undefined;
  /** Whether JavaScript errors of the page are sent. Off by default. */
  errors?: boolean | undefined;
  /** Whether Core Web Vitals are measured. Off by default. */
  webVitals?: boolean | undefined;
  /** Whether nothing at all is kept in the browser, and no cookie set. Off by default. */
  cookieless?: boolean | undefined;
}

/** What `init` takes. */
export interface Options extends ScriptOptions {
  /** Address of your collector's script: `https://data.example.nl/fg.js`, or the path and name that you have given it. */
  src: string;
  /** Write key of your site. */
  site: string;
  /** Consent of somebody who has not chosen yet, or who knows it. The site's own default where it is not given. */
  consent?: ConsentSource | undefined;
  /** Name of the global function, for a second site on one page, which leaves the page's HTML alone. `firstglance` by default. */
  name?: string | undefined;
  /** Nonce of the page's Content-Security-Policy; by default that of the page's first script that has one. */
  nonce?: string | undefined;
}

/**
 * Adds the script tag, once, and gives back the calls. Never throws: what is wrong with the options is said in the
 * console. A second call with the same `name` gives back the calls of the first.
 */
export function init(options: Options): Readonly<Calls>;

/** What `data-fg-text` may show. */
export type TextField = 'top_interest.label' | 'top_interest.id' | 'stage' | 'visits' | 'page_views';

/**
 * When what becomes known on a page is applied.
 *
 * - `offscreen`: at once below what the window shows, else on the next page. The default.
 * - `next`: on the next page.
 * - `fade`: at once; softly, and only where it moves nothing, else on the next page.
 * - `now`: at once, whatever moves.
 */
export type Moment = 'offscreen' | 'next' | 'fade' | 'now';

/** Attributes that any element may have. */
export interface ElementHooks {
  /**
   * Ids of segments, separated by spaces, those with `!` negated. The element is shown as long as the visitor is in one of the
   * plain ones, or there is none, and in none of the negated. Write `hidden` with it where nobody in particular should not see it.
   */
  'data-fg-show'?: string;
  /** The same, and the element is hidden from them: `crm !customer` hides it from whoever is in `crm` and not in `customer`. */
  'data-fg-hide'?: string;
  /** A field that stands in the place of the element's text, where it is known. */
  'data-fg-text'?: TextField;
  /** A list whose items with `data-fg-topic` are ordered by how much the visitor is interested in them. */
  'data-fg-sort'?: 'interest';
  /** When what becomes known on this page is applied, to the element and all in it. */
  'data-fg-adapt'?: Moment;
  /** Id of a slot that the page fills itself, by `decide`: that its variant was seen and clicked counts. */
  'data-fg-viewed'?: string;
  /** In a slot's default: which plain texts of a variant go where: `title`, or `link@href` into an attribute; several with spaces between. */
  'data-fg-field'?: string;
  /** Topics of the page, or of what the element shows, separated by `;`, most general first. */
  'data-fg-topic'?: string;
  /** Name of the event that a click on the element is, in place of `Link Clicked` or `Button Clicked`. */
  'data-fg-track'?: string;
  /** A property of that event: `data-fg-prop-plan="Basis"` is `plan`. */
  [property: `data-fg-prop-${string}`]: string | number | undefined;
  /** Nothing inside is ever read, and no click inside is seen. */
  'data-fg-private'?: '' | true;
  /** A box that answers while one types, or what stands around it: what is typed there is a search. */
  'data-fg-search'?: '' | true;
  /** How many results the search has that the page shows; the first such element on the page counts. */
  'data-fg-results'?: number | string;
}

/** Attributes of an element whose content depends on segments. */
export interface SlotHooks {
  /** Name of the slot. Its templates have the same. */
  'data-fg-slot'?: string;
  /** Id of the variant that is shown; set by Firstglance, for style sheets and tests. */
  readonly 'data-fg-variant'?: string;
}

/** Attributes of a `template` whose content takes the place of a slot's. The first that fits is shown. */
export interface TemplateHooks {
  /** Name of the slot. */
  'data-fg-slot': string;
  /** Ids of segments, as in `data-fg-show`. */
  'data-fg-when': string;
  /** Id of the variant; by default what `data-fg-when` says, with hyphens. */
  'data-fg-variant'?: string;
}

/** Attributes of `html` that Firstglance sets, for style sheets: `html[data-fg-segments~="e-bikes"]`. */
export interface RootHooks {
  /** Ids of the visitor's segments, sorted, separated by spaces; absent where there are none. */
  readonly 'data-fg-segments'?: string;
  /** Id of the strongest interest; absent where there is none. */
  readonly 'data-fg-interest'?: string;
  /** Id of the stage; absent for somebody who allows nothing. */
  readonly 'data-fg-stage'?: string;
}

/** Yes or no in an attribute; JSX may have `true` and `false`. An empty one says yes. */
export type Switch = '' | '1' | '0' | boolean;

/** Attributes of the script tag. */
export interface ScriptAttributes {
  /** Write key of your site. */
  'data-site'?: string;
  /** Consent of somebody who has not chosen yet, or who knows it. */
  'data-consent'?: ConsentSource;
  /** Name of the global function, for a second site on one page. */
  'data-name'?: string;
  /** Names of address parameters that carry a search, separated by commas. */
  'data-search'?: string;
  /** Whether a change of what follows `#` is a page view. */
  'data-hash-routes'?: Switch;
  /** Selector of the element that scrolls in the window's place. */
  'data-scroll-container'?: string;
  /** Whether forms are watched. */
  'data-forms'?: Switch;
  /** Whether progress of video and audio is watched. */
  'data-media'?: Switch;
  /** Whether JavaScript errors of the page are sent. */
  'data-errors'?: Switch;
  /** Whether Core Web Vitals are measured. */
  'data-web-vitals'?: Switch;
  /** Whether nothing at all is kept in the browser, and no cookie set. */
  'data-cookieless'?: Switch;
}

/**
 * What `dataLayer` is given, where there is one, when segments or stage change. An instance by another name has that
 * name in place of `firstglance`.
 */
export interface DataLayerEntry {
  readonly event: 'firstglance.segments';
  readonly firstglance: State;
}

declare global {
  interface Window {
    /** The global function of the script tag; under another name where `data-name` gives one. */
    firstglance?: Firstglance;
  }
  interface DocumentEventMap {
    /** There is a new state, which is the event's `detail`. An instance by another name has that name in it. */
    'firstglance:segments': CustomEvent<State>;
    /** The strongest interest is another. */
    'firstglance:interest': CustomEvent<Interest | null>;
    /** The stage is another. */
    'firstglance:stage': CustomEvent<string>;
    /** A slot of the page shows something else. Only the instance named `firstglance` changes the page. */
    'firstglance:content': CustomEvent<ContentChange>;
  }
}
