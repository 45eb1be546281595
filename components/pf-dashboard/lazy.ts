// What not every view shows comes with the first view that does: the first page is small, and a bundle in one file has it
// all anyway. Fetched once; a fetch that failed is tried again with the next view.

export const fetchCompare = once(() => import('../pf-compare/pf-compare.ts'));
export const fetchDetail = once(() => import('../pf-recording-detail/pf-recording-detail.ts'));
export const fetchLive = once(() => import('../pf-live/pf-live.ts'));
export const fetchTestStream = once(() => import('../pf-test-stream/pf-test-stream.ts'));
export const fetchHostRoom = once(() =>
  Promise.all([
    import('../pf-clients/pf-clients.ts'),
    import('../pf-retention/pf-retention.ts'),
    import('../pf-sessions/pf-sessions.ts'),
    import('../pf-tokens/pf-tokens.ts'),
  ]),
);

function once(fetch: () => Promise<unknown>): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    fetch().catch(() => {
      asked = false;
    });
  };
}
