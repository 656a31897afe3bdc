import {
  booleanOption,
  choiceOption,
  functionOption,
  listOption,
  mapOption,
  numberOption,
  targetsOption,
  textOption,
  urlOption,
  type Option,
  type OptionInput,
  type OptionValues,
} from '@clickspan/shared/options';
import type { BeforeAction } from '../features/actions/actions.ts';
import type { BeforeSend } from '../features/records/recordSink.ts';
import type { PropagationTarget } from '../features/requests/propagation.ts';

/** What can be switched off, and is on: the names of the features, in the order in which they start. */
export const FEATURES: readonly string[] = [
  'await',
  'load',
  'click',
  'route',
  'fetch',
  'xhr',
  'error',
  'api',
  'beacon',
  'eventsource',
  'websocket',
  'vitals',
  'frames',
];

type Schema = {
  readonly endpoint: Option<string>;
  readonly headers: Option<Readonly<Record<string, string>>>;
  readonly plainText: Option<boolean>;
  readonly offline: Option<boolean>;
  readonly propagateTo: Option<readonly PropagationTarget[]>;
  readonly neverPropagateTo: Option<readonly PropagationTarget[]>;
  readonly propagateSameOrigin: Option<boolean>;
  readonly graphql: Option<boolean>;
  readonly serviceName: Option<string>;
  readonly serviceVersion: Option<string>;
  readonly environmentName: Option<string>;
  readonly sampleRatio: Option<number>;
  readonly consoleErrors: Option<boolean>;
  readonly sessionInactivityMs: Option<number>;
  readonly sessionMaxAgeMs: Option<number>;
  readonly consent: Option<'implied' | 'required'>;
  readonly attributes: Option<Readonly<Record<string, string>>>;
  readonly beforeSend: Option<BeforeSend | undefined>;
  readonly features: Option<readonly string[] | undefined>;
  readonly beforeAction: Option<BeforeAction | undefined>;
};

/** Every option of the browser agent: of `start()` by name, of the script tag by `data-` attribute. */
export const optionSchema: Schema = {
  endpoint: urlOption({
    default: '',
    doc: 'Base address of the collector; `/v1/traces` and `/v1/logs` are appended. Without it requests are stamped and nothing is sent.',
  }),
  headers: mapOption({
    default: {},
    doc: 'Headers to send to the collector. Anyone who has the page can read them.',
  }),
  plainText: booleanOption({
    default: false,
    doc: 'Whether to send to the collector as `text/plain`, so that a collector of another origin is not asked by a preflight first; then without `headers` and without gzip. The collector must take that type.',
  }),
  offline: booleanOption({
    default: true,
    doc: 'Whether to keep in `localStorage` what could not be sent, for at most a day, so that the next page of this origin sends it.',
  }),
  propagateTo: targetsOption({
    default: [],
    doc: 'Other origins, or origins with the beginning of a path, whose requests carry `traceparent`; their servers must allow that header (CORS). In code also functions that are given the `URL` and say `true`.',
  }),
  neverPropagateTo: targetsOption({
    default: [],
    doc: 'Exceptions from `propagateTo` and from the page’s own origin, in the same form: for example a path that redirects to a third party.',
  }),
  propagateSameOrigin: booleanOption({
    default: true,
    doc: 'Whether requests to the page’s own origin carry `traceparent`.',
  }),
  graphql: booleanOption({
    default: false,
    doc: 'Whether to read type and name of the operation out of the body of GraphQL requests (`POST`, as text).',
  }),
  serviceName: textOption({
    default: '',
    doc: 'Name of the web app; by default the host name of the page.',
  }),
  serviceVersion: textOption({
    default: '',
    doc: 'Version of the web app.',
  }),
  environmentName: textOption({
    default: '',
    doc: 'Where the web app runs, for example `production`.',
  }),
  sampleRatio: numberOption({
    default: 1,
    min: 0,
    max: 1,
    doc: 'Share of the sessions to record, from 0 to 1.',
  }),
  sessionInactivityMs: numberOption({
    default: 1_800_000,
    min: 1,
    max: 86_400_000,
    doc: 'After so long without an action, in ms, the next begins a new session.',
  }),
  sessionMaxAgeMs: numberOption({
    default: 14_400_000,
    min: 1,
    max: 86_400_000,
    doc: 'No session is longer than this, in ms.',
  }),
  consent: choiceOption({
    default: 'implied',
    choices: ['implied', 'required'],
    doc: 'With `required` nothing is recorded, stored, stamped or wrapped before `agent.consent(true)`; else `implied`.',
  }),
  attributes: mapOption({
    default: {},
    doc: 'Attributes of every record, for example of the release; `agent.setAttributes()` changes them. They are not masked.',
  }),
  beforeSend: functionOption<BeforeSend>({
    default: undefined,
    doc: 'A function that sees every record last, may change it, and drops it by returning `false`.',
  }),
  consoleErrors: booleanOption({
    default: false,
    doc: 'Whether what the page prints by `console.error` is recorded as an error.',
  }),
  features: listOption({
    default: undefined,
    doc: `What to observe: any of ${FEATURES.map((name) => `\`${name}\``).join(', ')}.`,
  }),
  beforeAction: functionOption<BeforeAction>({
    default: undefined,
    doc: 'Called with `{ type, name, target }` before an action begins: gives its name, `false` for no action, or nothing.',
  }),
};

/** The attribute of the script tag that sets an option: `data-propagate-to` sets `propagateTo`. */
export function toAttributeName(option: string): string {
  return `data-${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The options after reading. */
export type Options = OptionValues<Omit<Schema, 'features'>> & { readonly features: readonly string[] };

/** What `start()` takes. */
export type StartOptions = OptionInput<Schema>;
