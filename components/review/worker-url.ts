// Where the review's Worker lies: beside the script that the elements came in. A page that may not run it, because its
// policy or another origin forbids, reviews without one.
export const workerUrl: URL = new URL('./review-worker.js', import.meta.url);
