// The XML that GameStream clients read: one root with a status, direct children, no white space between elements, since
// Android's parser trips over it (gamestream-control-plane.md §3.2).

/** Made by `element` and `parent` alone, so that nothing stands in a document unescaped. */
export class XmlElement {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  static of(name: string, content: string): XmlElement {
    return new XmlElement(`<${name}>${content}</${name}>`);
  }
}

export function element(name: string, value: string | number): XmlElement {
  return XmlElement.of(name, escaped(String(value)));
}

export function parent(name: string, children: readonly XmlElement[]): XmlElement {
  return XmlElement.of(name, joined(children));
}

/** A whole document. `message` is what the client shows when the status is not 200. */
export function document(
  status: number,
  children: readonly XmlElement[],
  message?: string,
): Uint8Array {
  const text = message === undefined ? '' : ` status_message="${escaped(message)}"`;
  return new TextEncoder().encode(
    `<?xml version="1.0" encoding="utf-8"?><root status_code="${status}"${text}>${joined(children)}</root>`,
  );
}

/** Text for elements and attributes; what XML 1.0 cannot carry is left out. */
export function escaped(text: string): string {
  return text.replace(FORBIDDEN, '').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function joined(elements: readonly XmlElement[]): string {
  return elements.map(({ text }) => text).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** Everything outside XML 1.0's `Char`, C1 controls, lone surrogates. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{7e}\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;
