// Words of <pf-tokens>.
import type { Scope } from '../../contract/tokens.ts';
import { dictionary } from '../base/i18n.ts';

export const scopeNames = /* @__PURE__ */ dictionary<Record<Scope, string>>(
  {
    stats: 'stats: captures and recordings',
    'host:read': 'host:read: look at host, streams, devices',
    admin: 'admin: everything',
  },
  {
    stats: 'stats: Aufzeichnungen',
    'host:read': 'host:read: Host, Streams, Geräte ansehen',
    admin: 'admin: alles',
  },
);

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Access tokens',
    hint: 'For scripts, plugins and other pages. Give each its own, with no more than it needs.',
    builtin: 'The host’s own token',
    builtinHint: 'from its token file',
    created: (when: string) => `made ${when}`,
    used: (when: string) => `last used ${when}`,
    unused: 'never used',
    name: 'Name',
    scope: 'May',
    create: 'Create token',
    creating: 'Creating …',
    badName: 'A name has 1 to 64 characters.',
    fresh: (name: string) =>
      `The token “${name}”. It is shown this once; the host keeps only its hash.`,
    value: 'Token',
    copy: 'Copy',
    copied: 'Copied.',
    notCopied: 'The browser does not let this page copy. The token is selected: copy it by hand.',
    done: 'Kept it safe, hide it',
    revoke: 'Revoke',
    revokeOf: (name: string) => `Revoke token: ${name}`,
    sure: (name: string) => `Revoke “${name}”? Whoever uses it is locked out at once.`,
    revokeNow: 'Revoke token',
    keep: 'Keep it',
    revoking: 'Revoking …',
    revoked: (name: string) => `The token ${name} was revoked.`,
  },
  {
    heading: 'Zugangstoken',
    hint: 'Für Skripte, Plugins und andere Seiten. Gib jedem ein eigenes, mit nicht mehr, als es braucht.',
    builtin: 'Das eigene Token des Hosts',
    builtinHint: 'aus seiner Tokendatei',
    created: (when) => `erstellt ${when}`,
    used: (when) => `zuletzt benutzt ${when}`,
    unused: 'nie benutzt',
    name: 'Name',
    scope: 'Darf',
    create: 'Token erstellen',
    creating: 'Wird erstellt …',
    badName: 'Ein Name hat 1 bis 64 Zeichen.',
    fresh: (name) =>
      `Das Token „${name}“. Es wird nur dieses eine Mal gezeigt; der Host behält nur seinen Hash.`,
    value: 'Token',
    copy: 'Kopieren',
    copied: 'Kopiert.',
    notCopied:
      'Der Browser lässt diese Seite nicht kopieren. Das Token ist markiert: Kopiere es von Hand.',
    done: 'Ist verwahrt, ausblenden',
    revoke: 'Widerrufen',
    revokeOf: (name) => `Token widerrufen: ${name}`,
    sure: (name) => `„${name}“ widerrufen? Wer es benutzt, ist sofort ausgesperrt.`,
    revokeNow: 'Token widerrufen',
    keep: 'Behalten',
    revoking: 'Wird widerrufen …',
    revoked: (name) => `Das Token ${name} ist widerrufen.`,
  },
);
