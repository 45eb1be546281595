// Every element and what a page needs to talk to them: the bundle `punktfunk.js`.

export * from './base/events.ts';
export type { HostApi, Watching } from './base/host-api.ts';
export * from './base/host-events.ts';
export { HttpStatsApi } from './base/http-stats-api.ts';
export { liveCharts } from './base/lane-canvas.ts';
export {
  ApiFailure,
  asFailure,
  type CaptureNews,
  type Following,
  type StatsApi,
} from './base/stats-api.ts';
export { PfBlackBox } from './pf-black-box/pf-black-box.ts';
export { PfCaptureControl } from './pf-capture-control/pf-capture-control.ts';
export { PfClients } from './pf-clients/pf-clients.ts';
export { PfCompare } from './pf-compare/pf-compare.ts';
export { PfDashboard } from './pf-dashboard/pf-dashboard.ts';
export { PfEventLanes } from './pf-event-lanes/pf-event-lanes.ts';
export { PfFirstRun } from './pf-first-run/pf-first-run.ts';
export { PfFrameStrip } from './pf-frame-strip/pf-frame-strip.ts';
export { PfHealthChart } from './pf-health-chart/pf-health-chart.ts';
export { PfInjected } from './pf-injected/pf-injected.ts';
export type { KeyGroup } from './pf-keys/key-list.ts';
export { PfKeys } from './pf-keys/pf-keys.ts';
export { PfLatencyChart } from './pf-latency-chart/pf-latency-chart.ts';
export { PfLive } from './pf-live/pf-live.ts';
export { PfPairing } from './pf-pairing/pf-pairing.ts';
export { PfQuantileTable } from './pf-quantile-table/pf-quantile-table.ts';
export { PfRecordingDetail } from './pf-recording-detail/pf-recording-detail.ts';
export { PfRecordingsList } from './pf-recordings-list/pf-recordings-list.ts';
export type { OwnFormat } from './pf-recordings-list/row-panel.ts';
export { type RowVerdict, verdictOfFindings } from './pf-recordings-list/row-verdict.ts';
export { PfReport } from './pf-report/pf-report.ts';
export { PfRetention } from './pf-retention/pf-retention.ts';
export { PfSessionLanes } from './pf-session-lanes/pf-session-lanes.ts';
export { PfSessions } from './pf-sessions/pf-sessions.ts';
export { PfTestStreamElement } from './pf-test-stream/pf-test-stream.ts';
export { PfThroughputChart } from './pf-throughput-chart/pf-throughput-chart.ts';
export { PfTokens } from './pf-tokens/pf-tokens.ts';
export { PfViewer } from './pf-viewer/pf-viewer.ts';
export { type OpenOptions, openReview, type ReviewClient } from './review/review-client.ts';
export { workerUrl } from './review/worker-url.ts';
