// An element that reads recordings, test streams and the rest of StatsApi.
import { PfElement } from './element.ts';
import { Format } from './format.ts';
import type { HttpOptions } from './http.ts';
import { HttpStatsApi } from './http-stats-api.ts';
import type { StatsApi } from './stats-api.ts';

export abstract class StatsElement extends PfElement<StatsApi> {
  #format: Format | undefined;

  protected get format(): Format {
    if (this.#format?.language !== this.language) this.#format = new Format(this.language);
    return this.#format;
  }

  protected override makeApi(options: HttpOptions): StatsApi {
    return new HttpStatsApi(options);
  }
}
