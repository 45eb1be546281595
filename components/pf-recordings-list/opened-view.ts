// What is open in a row, and what its buttons do: which of the panels stands there is the list's business.
import type { TemplateResult } from 'lit';
import type { CaptureMeta } from '../../contract/stats.ts';
import type { Format } from '../base/format.ts';
import type { StatsApi } from '../base/stats-api.ts';
import { formatsOf } from './file-of.ts';
import type { ListStore } from './list-store.ts';
import {
  changeOf,
  type Draft,
  draftOf,
  labelOf,
  type OwnFormat,
  renderActs,
  renderEditor,
  renderSure,
} from './row-panel.ts';
import { words } from './strings.ts';

export type Opening = 'acts' | 'edit' | 'sure';

export interface OpenedView {
  readonly meta: CaptureMeta;
  readonly which: Opening;
  /** What the recording is called. */
  readonly what: string;
  readonly own: readonly OwnFormat[];
  /** What was typed; undefined: nothing yet. */
  readonly draft: Draft | undefined;
  readonly api: StatsApi;
  readonly store: ListStore;
  readonly onOpen: (which: Opening) => void;
  readonly onDraft: (draft: Draft) => void;
  readonly onOwn: (format: string) => void;
}

export function renderOpened(view: OpenedView, format: Format): TemplateResult {
  switch (view.which) {
    case 'sure':
      return sure(view, format);
    case 'edit':
      return editor(view, format);
    case 'acts':
      return acts(view, format);
  }
}

function sure({ meta, api, store, onOpen }: OpenedView, format: Format): TemplateResult {
  const t = words[format.language];
  const question = api.restoreRecording === undefined ? t.sure : t.sureTrash;
  return renderSure(
    {
      ...{ question, yes: t.deleteNow, busy: store.busy },
      onYes: () => void store.remove(meta.id),
      onNo: () => onOpen('acts'),
    },
    format,
  );
}

function editor(view: OpenedView, format: Format): TemplateResult {
  const { meta, store, onOpen, onDraft } = view;
  const draft = view.draft ?? draftOf(meta);
  return renderEditor(
    {
      ...{ draft, busy: store.busy, onDraft },
      onSave: (typed) => {
        const change = changeOf(meta, typed);
        if (change === undefined) onOpen('acts');
        else void store.change(meta, change);
      },
      onCancel: () => onOpen('acts'),
    },
    format,
  );
}

function acts(view: OpenedView, format: Format): TemplateResult {
  const { meta, what, own, api, store, onOpen, onOwn } = view;
  return renderActs(
    {
      ...{ meta, what, own },
      making: store.making === undefined ? undefined : labelOf(store.making, format),
      canChange: api.changeRecording !== undefined,
      formats: formatsOf(meta, api),
      onStar: () => void store.change(meta, { starred: meta.starred !== true }),
      onEdit: () => onOpen('edit'),
      onFormat: (file) => void store.download(meta, file),
      onOwn,
      onDelete: () => onOpen('sure'),
    },
    format,
  );
}
