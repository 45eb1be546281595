// An element that reads recordings, test streams and the rest of StatsApi.
import { PfElement } from './element.ts';
import type { HttpOptions } from './http.ts';
import { HttpStatsApi } from './http-stats-api.ts';
import type { StatsApi } from './stats-api.ts';

export abstract class StatsElement extends PfElement<StatsApi> {
  protected override makeApi(options: HttpOptions): StatsApi {
    return new HttpStatsApi(options);
  }
}
