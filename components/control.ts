// The capture control alone: the bundle `capture-control.js` for pages that want nothing else.
export { PfCaptureChange } from './base/events.ts';
export { HttpControlApi } from './base/http-control-api.ts';
export { ApiFailure, type ControlApi } from './base/stats-api.ts';
export { PfCaptureControl } from './pf-capture-control/pf-capture-control.ts';
