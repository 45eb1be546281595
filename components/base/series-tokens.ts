// Colours of data: stages, totals, frames. A stage's colour is used for nothing but its stage.
import { CHROME, type Colour, colour, declared } from './tokens.ts';

const SERIES = {
  grid: colour('#eceef1', '#20252e', '#bbbbbb', '#555555', 'GrayText'),
  budget: colour('#bd2a26', '#ff7b72', '#9c0000', '#ff9c95', 'CanvasText'),
  capture: colour('#265fbd', '#4f8ce3', '#1b65ad', '#598bdd', 'CanvasText'),
  submit: colour('#1b9aae', '#58e1d1', '#003b35', '#56e0d1', 'CanvasText'),
  encode: colour('#c97800', '#f1a132', '#ac6500', '#f5a01a', 'CanvasText'),
  packetize: colour('#8d2b75', '#cdb3fd', '#461779', '#ccb2fc', 'CanvasText'),
  send: colour('#356a3e', '#74bc98', '#005f45', '#78bd94', 'CanvasText'),
  other: colour('#75797e', '#6d7075', '#6e7480', '#7d828b', 'CanvasText'),
  total: colour('#14181f', '#ffffff', '#000000', '#ffffff', 'CanvasText'),
  new: colour('#8791a0', '#6a7584', '#757575', '#8c8c8c', 'CanvasText'),
  repeat: colour('#a8195a', '#ff8ab5', '#7d003a', '#ffb0d0', 'CanvasText'),
} as const satisfies Record<string, Colour>;

export const COLOURS = { ...CHROME, ...SERIES } as const;

export type Token = keyof typeof COLOURS;

// The cast is safe: Object.keys of a literal object yields exactly its own keys.
export const TOKENS = Object.keys(COLOURS) as readonly Token[];

/** Put after `tokens` into `static styles` of every element that draws data. */
export const seriesTokens = declared(SERIES);
