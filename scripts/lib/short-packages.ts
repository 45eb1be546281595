// Leaves out of the bundles what packages carry for nothing: Lit for browsers and tools that these elements do not run in
// (they need light-dark(), which is younger than everything that the left-out lines stand in for), Chart.js' scales that
// nobody asked for, and its datasets: a lane hands it none, and draws its series by itself. Every edit names the exact text of the pinned version and fails the build when it is not there, so an
// update of a package is looked at and not guessed.
import type { BunPlugin } from 'bun';

type Edit = readonly [from: string, to: string];

const EDITS: Readonly<Record<string, readonly Edit[]>> = {
  '@lit/reactive-element/css-tag.js': [
    // Style sheets are adopted; no <style> elements for browsers that cannot.
    [
      'if(e)s.adoptedStyleSheets=o.map(t=>t instanceof CSSStyleSheet?t:t.styleSheet);else for(const e of o){const o=document.createElement("style"),n=t.litNonce;void 0!==n&&o.setAttribute("nonce",n),o.textContent=e.cssText,s.appendChild(o)}',
      's.adoptedStyleSheets=o.map(t=>t instanceof CSSStyleSheet?t:t.styleSheet)',
    ],
    [
      'c=e?t=>t:t=>t instanceof CSSStyleSheet?(t=>{let e="";for(const s of t.cssRules)e+=s.cssText;return r(e)})(t):t;',
      'c=t=>t;',
    ],
    [
      'const t=globalThis,e=t.ShadowRoot&&(void 0===t.ShadyCSS||t.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype,s=',
      'const e=!0,s=',
    ],
    // Advice to who writes an element: said by the development build and the type check.
    ['"CSSResult is not constructable. Use `unsafeCSS` or `css` instead."', '"not constructable"'],
    [
      `"Value passed to 'css' function must be a 'css' function result: "+t+". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security."`,
      '"no css: "+t',
    ],
  ],
  '@lit/reactive-element/reactive-element.js': [
    // Metadata of decorators: none are used.
    ['Symbol.metadata??=Symbol("metadata"),a.litPropertyMetadata??=new WeakMap;', ''],
    [
      'const t=this[Symbol.metadata];if(null!==t){const s=litPropertyMetadata.get(t);if(void 0!==s)for(const[t,i]of s)this.elementProperties.set(t,i)}',
      '',
    ],
    ['p=a.reactiveElementPolyfillSupport,', ''],
    // Nothing of ours becomes a global of somebody's page.
    [',p?.({ReactiveElement:y}),(a.reactiveElementVersions??=[]).push("2.1.2")', ''],
  ],
  'lit-element/lit-element.js': [
    ['(s.litElementVersions??=[]).push("4.2.2");', ''],
    [
      ',s.litElementHydrateSupport?.({LitElement:i});const o=s.litElementPolyfillSupport;o?.({LitElement:i});',
      ';',
    ],
  ],
  'lit-html/lit-html.js': [
    [',B=t.litHtmlPolyfillSupport;B?.(S,k),(t.litHtmlVersions??=[]).push("3.3.3");const D=', ',D='],
    // Lets a bundle without SVG or MathML leave their tags out.
    ['w=x(2),T=x(3)', 'w=/* @__PURE__ */x(2),T=/* @__PURE__ */x(3)'],
  ],
  'chart.js/dist/chart.js': [
    // Without a dataset there is neither a controller nor an animation of its elements.
    [
      "new TypedRegistry(DatasetController, 'datasets', true)",
      "new TypedRegistry(class {}, 'datasets', true)",
    ],
    // A static field that reads a property of something else keeps its class, used or not; a getter does not.
    [
      'callback: Ticks.formatters.logarithmic,',
      'get callback() { return Ticks.formatters.logarithmic; },',
    ],
    [
      'showLabelBackdrop: true,\n            callback: Ticks.formatters.numeric',
      'showLabelBackdrop: true, get callback() { return Ticks.formatters.numeric; }',
    ],
    [
      'static defaults = TimeScale.defaults;',
      'static get defaults() { return TimeScale.defaults; }',
    ],
  ],
  // Nothing of it is ever hovered over: no library of colours for darker ones.
  'chart.js/dist/chunks/index.js': [
    ['this.hoverBackgroundColor = (ctx, options)=>getHoverColor(options.backgroundColor);', ''],
    ['this.hoverBorderColor = (ctx, options)=>getHoverColor(options.borderColor);', ''],
    ['this.hoverColor = (ctx, options)=>getHoverColor(options.color);', ''],
  ],
};

export const shortPackages: BunPlugin = {
  name: 'short-packages',
  setup(build) {
    const filter =
      /node_modules\/((@lit\/reactive-element|lit-element|lit-html)\/[a-z-]+|chart\.js\/dist\/(chart|chunks\/index))\.js$/;
    build.onLoad({ filter }, async ({ path }) => ({
      contents: shortened(path, await Bun.file(path).text()),
      loader: 'js',
    }));
  },
};

/** Throws when the text of a file is not that of the version these edits were made for. */
export function shortened(path: string, source: string): string {
  const name = Object.keys(EDITS).find((end) => path.endsWith(`node_modules/${end}`));
  if (name === undefined) return source;
  return (EDITS[name] ?? []).reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) {
      throw new Error(`${name} does not hold, once: ${from.slice(0, 80)}`);
    }
    return text.replace(from, () => to);
  }, source);
}
