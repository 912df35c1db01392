import type { EligibilityRules } from '../core/accounts/eligibility.ts';
import type { Fernet } from '../core/accounts/fernet.ts';
import type { CropCache } from '../core/faces/crops.ts';
import type { Clock } from '../core/platform/clock.ts';
import type { Locks } from '../core/platform/locks.ts';
import type { Log } from '../core/platform/log.ts';
import type { Messages } from '../core/platform/messages.ts';
import type { Metrics } from '../core/platform/metrics.ts';
import type { Nudges } from '../core/platform/nudges.ts';
import type { Prometheus } from '../core/platform/prometheus.ts';
import type { ReadOnly } from '../core/platform/read-only.ts';
import type { Store } from '../core/store/store.ts';
import type { OAuth } from '../core/wiki/oauth.ts';
import type { Wiki } from '../core/wiki/wiki.ts';
import type { RateLimits } from './rate-limits.ts';

export interface Health {
  /** Whether this process can serve. */
  readonly ok: boolean;
  /** Working, but with less than it should have. */
  readonly degraded: boolean;
  /** A short word for each part, such as `{ detector: 'ok' }`. Public: no addresses and no secrets. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Everything the web needs, given by the composition. */
export interface WebDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly messages: Messages;
  /** VISAVIS_SECRET, or the sandbox's own. */
  readonly secret: string;
  readonly fernet: Fernet;
  readonly oauth: OAuth;
  readonly wiki: Wiki;
  /** Small square pictures of faces for the gallery. */
  readonly crops: CropCache;
  /** Without a slash at the end. */
  readonly publicUrl: string;
  readonly production: boolean;
  readonly trustedProxies: number;
  /** `host` or `host:port`, for the Content-Security-Policy. */
  readonly pictureHosts: readonly string[];
  /** Origin of the wiki that people sign in at. */
  readonly oauthOrigin: string;
  /** The address of an item's page. */
  itemPage(itemId: string): string;
  /** Wiki user names. */
  readonly admins: readonly string[];
  /** Who may take part; everybody who is not blocked when nothing is given. */
  readonly rules?: EligibilityRules;
  /** Ceiling for edits of each account; none when nothing is given. */
  readonly editsPerMinute?: number | null;
  /** For renewing tokens; leases in the database when nothing is given. */
  readonly locks?: Locks;
  /** Set in practice mode: where the pocket wiki can be looked at. */
  readonly sandbox: { readonly wikiUrl: string } | null;
  /** The chats that this bot is in: the link that invites it to a Discord server, and whether it is on Matrix. */
  readonly chats?: { readonly discord: string | null; readonly matrix: boolean };
  /** What the bot can be told, for the help; in groups, and `on` are the only platforms that have it. */
  readonly commands?: readonly {
    readonly group: string;
    readonly commands: readonly {
      readonly name: string;
      readonly usage: string;
      readonly on: readonly string[] | null;
    }[];
  }[];
  /** How to reach the operator. */
  readonly contact: string | null;
  /**
   * More about the parts of the product than the database, for `/health`.
   * @param database whether it answers: else nothing may be asked of it
   */
  readonly health?: (database: boolean) => Promise<Health>;
  /** Where requests are counted; nowhere when nothing is given. */
  readonly metrics?: Metrics;
  /** The numbers for `/metrics`, and who may read them; without it there is no such page. */
  readonly prometheus?: Pick<Prometheus, 'text' | 'contentType'> & { readonly token: string };
  /** With it a wiki reads the lists of data sources; null: no wiki does. */
  readonly originsToken?: string | null;
  /** The switch for emergencies; one of its own when nothing is given. */
  readonly readOnly?: ReadOnly;
  /** The model whose embeddings are wanted; null: not known here. */
  readonly model?: string | null;
  /** In memory when nothing is given. */
  readonly limits?: RateLimits;
}
