// The one version of the product: package.json's, embedded at build time.
import manifest from '../../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
