// What the declarations of these elements need to know of Chart.js: it stays inside.

export interface ChartConfiguration<_T = unknown, _D = unknown, _L = unknown> {
  readonly options?: object;
}
export type ChartDataset<_T = unknown, _D = unknown, _L = unknown> = object;
export type Plugin<_T = unknown, _D = unknown, _L = unknown> = object;
