// The custom-elements manifest: what every tag takes and tells. Properties, attributes and custom properties come from the
// classes themselves, as they run; types and descriptions from the lines above them, in the sources' own JSDoc.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Documented {
  readonly name: string;
  readonly description?: string;
  readonly type?: { readonly text: string };
}

export interface Member extends Documented {
  readonly kind: 'field';
  readonly attribute?: string;
  readonly reflects?: true;
}

export interface Attribute extends Documented {
  readonly fieldName: string;
}

export interface Declaration {
  readonly kind: 'class';
  readonly customElement: true;
  readonly name: string;
  readonly tagName: string;
  readonly summary: string;
  readonly superclass: { readonly name: 'HTMLElement' };
  readonly attributes: readonly Attribute[];
  readonly members: readonly Member[];
  readonly events: readonly Documented[];
  readonly slots: readonly Documented[];
  readonly cssParts: readonly Documented[];
  readonly cssProperties: readonly Documented[];
}

export interface Manifest {
  readonly schemaVersion: '1.0.0';
  readonly readme: string;
  readonly modules: readonly {
    readonly kind: 'javascript-module';
    readonly path: string;
    readonly declarations: readonly Declaration[];
    readonly exports: readonly object[];
  }[];
}

interface Option {
  readonly attribute?: string | boolean;
  readonly state?: boolean;
  readonly reflect?: boolean;
}

/** What of a class of Lit's is read. */
interface ElementClass {
  readonly name: string;
  finalize(): void;
  readonly elementProperties: ReadonlyMap<string, Option>;
  readonly elementStyles: readonly { readonly cssText: string }[];
}

type Classes = ReadonlyMap<string, ElementClass>;
const known = new Map<string, Promise<Classes>>();

/** Every element that `entry` defines, by tag. A module runs once: who asks again gets the same. */
export function elementClasses(entry: string): Promise<Classes> {
  const found = known.get(entry) ?? runEntry(entry);
  known.set(entry, found);
  return found;
}

async function runEntry(entry: string): Promise<Classes> {
  const defined = new Map<string, ElementClass>();
  const before = Object.getOwnPropertyDescriptor(globalThis, 'customElements');
  const registry = {
    get: (tag: string): unknown => defined.get(tag),
    define: (tag: string, element: unknown): void => {
      if (!isElementClass(element)) throw new TypeError(`<${tag}> is no class of Lit's`);
      element.finalize();
      defined.set(tag, element);
    },
  };
  Object.defineProperty(globalThis, 'customElements', { value: registry, configurable: true });
  try {
    await import(entry);
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'customElements');
    else Object.defineProperty(globalThis, 'customElements', before);
  }
  return defined;
}

export function manifestOf(
  classes: Classes,
  sources: Sources,
  modules: Readonly<Record<string, (tag: string) => boolean>>,
): Manifest {
  return {
    schemaVersion: '1.0.0',
    readme: 'README.md',
    modules: Object.entries(modules).map(([path, holds]) => {
      const declarations = [...classes]
        .filter(([tag]) => holds(tag))
        .map(([tag, element]) => declarationOf(tag, element, sources))
        .sort((a, b) => (a.tagName < b.tagName ? -1 : 1));
      const reference = (name: string) => ({ name, module: path });
      const exports = declarations.flatMap(({ name, tagName }) => [
        { kind: 'js', name, declaration: reference(name) },
        { kind: 'custom-element-definition', name: tagName, declaration: reference(name) },
      ]);
      return { kind: 'javascript-module', path, declarations, exports };
    }),
  };
}

/** Classes of the sources by their name. */
export class Sources {
  readonly #classes = new Map<string, ClassSource>();

  constructor(root: string, paths: readonly string[]) {
    for (const path of paths) {
      const text = readFileSync(join(root, path), 'utf8');
      for (const found of text.matchAll(CLASS)) {
        const { doc = '', name = '', params, base = '', given } = found.groups ?? {};
        const from = (found.index ?? 0) + found[0].length;
        const end = text.indexOf('\n}\n', from);
        const body = text.slice(from, end < 0 ? undefined : end);
        this.#classes.set(name, { doc, body, base, params, given });
      }
    }
  }

  /** The comments of a class and of those that it extends, its own first. */
  docs(name: string): string[] {
    const found: string[] = [];
    let at = this.#classes.get(name);
    if (at === undefined) throw new Error(`no source holds the class ${name}`);
    for (; at !== undefined; at = this.#classes.get(at.base)) found.push(at.doc);
    return found;
  }

  /** Type and description of a property, in the class or the closest one that it extends. */
  property(owner: string, property: string): { type: string; description: string } {
    let given: string | undefined;
    let name = owner;
    for (let at = this.#classes.get(name); at !== undefined; at = this.#classes.get(name)) {
      for (const { groups = {} } of at.body.matchAll(FIELD)) {
        if (groups['name'] !== property) continue;
        const own = oneLine(groups['type'] ?? '');
        const type = at.params === undefined ? own : own.replaceAll(at.params, given ?? at.params);
        return { type, description: plain(groups['doc'] ?? '') };
      }
      given = at.given;
      name = at.base;
    }
    throw new Error(`${owner}.${property} is declared nowhere`);
  }
}

interface ClassSource {
  readonly doc: string;
  readonly body: string;
  readonly base: string;
  readonly params: string | undefined;
  /** What the class it extends is given for its parameter. */
  readonly given: string | undefined;
}

function declarationOf(tag: string, element: ElementClass, sources: Sources): Declaration {
  const docs = sources.docs(element.name);
  const said = (name: string): string[] => docs.flatMap((doc) => tags(doc, name));
  const summary = said('summary')[0] ?? '';
  if (summary === '') throw new Error(`${element.name} has no @summary`);
  const members = [...element.elementProperties]
    .filter(([, option]) => option.state !== true)
    .map(([name, option]) => memberOf(element.name, name, option, sources));
  return {
    ...{ kind: 'class', customElement: true, name: element.name, tagName: tag, summary },
    superclass: { name: 'HTMLElement' },
    attributes: [...members, LANG].flatMap(({ attribute, name, ...said }) =>
      attribute === undefined ? [] : [{ ...documented(said), name: attribute, fieldName: name }],
    ),
    members,
    events: once(said('event').map(typed)),
    slots: once(said('slot').map(named)),
    cssParts: once(said('csspart').map(named)),
    cssProperties: cssProperties(element, once(said('cssproperty').map(named))),
  };
}

/** Of a member what its attribute says too. */
function documented({ description, type }: Omit<Documented, 'name'>): Omit<Documented, 'name'> {
  return {
    ...(description === undefined ? {} : { description }),
    ...(type === undefined ? {} : { type }),
  };
}

function memberOf(owner: string, name: string, option: Option, sources: Sources): Member {
  const { type, description } = sources.property(owner, name);
  if (description === '') throw new Error(`${owner}.${name} has no description`);
  const attribute =
    option.attribute === false
      ? undefined
      : typeof option.attribute === 'string'
        ? option.attribute
        : name.toLowerCase();
  return {
    ...{ kind: 'field', name, description, type: { text: type } },
    ...(attribute === undefined ? {} : { attribute }),
    ...(option.reflect === true ? { reflects: true } : {}),
  };
}

/** Every token that the styles read, with what the class says of some. */
function cssProperties(element: ElementClass, said: readonly Documented[]): Documented[] {
  const css = element.elementStyles.map(({ cssText }) => cssText).join('\n');
  const read = new Set([...css.matchAll(/var\((--pf-[\w-]+)/g)].map(([, name = '']) => name));
  for (const { name } of said) {
    if (!read.has(name)) throw new Error(`${element.name} never reads ${name}`);
  }
  return [...read].map((name) => said.find((one) => one.name === name) ?? { name });
}

/** `@event {PfCursor} pf-cursor - The cursor was moved.` */
function typed(line: string): Documented {
  const [, text = '', rest = ''] = /^\{([^}]+)\}\s*(.*)$/s.exec(line) ?? [];
  if (text === '') throw new Error(`an event without a type: ${line}`);
  return { ...named(rest), type: { text } };
}

/** `card - The frame.` */
function named(line: string): Documented {
  const [, name = '', description = ''] = /^(\S+)\s+-\s+(.*)$/s.exec(line) ?? [];
  if (name === '' || description === '') throw new Error(`neither name nor description: ${line}`);
  return { name, description };
}

function tags(doc: string, tag: string): string[] {
  return plain(doc)
    .split(/(?=@\w+ )/)
    .filter((part) => part.startsWith(`@${tag} `))
    .map((part) => part.slice(tag.length + 2).trim());
}

/** What a class says again of what it extends counts once. */
const once = (all: readonly Documented[]): Documented[] =>
  all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);

/** A comment's words on one line. */
function plain(doc: string): string {
  return oneLine(doc.replace(/^\s*\/\*\*|\*\/\s*$/g, '').replace(/^\s*\* ?/gm, ''));
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

function isElementClass(value: unknown): value is ElementClass {
  return typeof value === 'function' && 'elementProperties' in value && 'finalize' in value;
}

/** HTML's own attribute, which every element obeys. */
const LANG: Member = {
  ...{ kind: 'field', name: 'lang', attribute: 'lang', type: { text: "'en' | 'de'" } },
  description: 'Language; without it that of the closest element around, then the browser’s.',
};

const CLASS =
  /(?<doc>\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?export (?:abstract )?class (?<name>\w+)(?:<(?<params>\w+)>)? extends (?<base>\w+)(?:<(?<given>\w+)>)?/g;
const FIELD =
  /(?<doc>\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?\n? {2}declare (?:readonly )?(?<name>\w+)\??: (?<type>[^;]+);/g;
