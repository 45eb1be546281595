// Decky's own preset; its result, dist/index.js, is the one module that the loader takes, elements included.
import deckyPlugin from '@decky/rollup';

// biome-ignore lint/style/noDefaultExport: rollup reads it.
export default deckyPlugin({});
