import { refuseUnknownFormat } from './httpAuthorizer.ts';
import type { HttpAuthorizer, PayloadFormat } from './httpAuthorizer.ts';
import type { JwtAuthorizer } from './jwtAuthorizer.ts';
import { refuseOption } from '../../platform/optionFaults.ts';
import { decodePart } from '../../platform/requestUrl.ts';

/** A route of an HTTP API and the function behind it. */
export interface HttpRoute {
  /** `METHOD /path`, `ANY /path` or `$default`; a segment may be `{name}`, the last one `{name+}`. */
  readonly route: string;
  /** Name of the function. */
  readonly function: string;
  /** How the function is told of a request; `2.0`. */
  readonly payloadFormatVersion?: PayloadFormat | undefined;
  /** Who decides whether a request may come in; none when left out. */
  readonly authorizer?: HttpAuthorizer | JwtAuthorizer | undefined;
}

/** What a request was matched to. */
export interface RouteMatch {
  /** As it was configured. */
  readonly routeKey: string;
  readonly functionName: string;
  readonly format: PayloadFormat;
  readonly authorizer: HttpAuthorizer | JwtAuthorizer | undefined;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
}

interface ParsedRoute {
  readonly config: HttpRoute;
  /** Undefined for `$default`. */
  readonly method: string | undefined;
  readonly segments: readonly string[];
  readonly greedy: string | undefined;
}

/** Finds the route of a request; undefined when there is none. */
export type MatchRoute = (method: string, path: string) => RouteMatch | undefined;

/**
 * Makes the matcher of an HTTP API. The most specific route wins, as on AWS: a full match before a greedy `{proxy+}`,
 * that before `$default`; and among equals literal segments before variables, a method before `ANY`.
 *
 * @param routes as configured
 * @returns the matcher; throws an EmulatorError that names a route which cannot be read
 */
export function createRouteMatcher(routes: readonly HttpRoute[]): MatchRoute {
  const parsed = routes.map(parseRoute).toSorted((a, b) => rank(b).localeCompare(rank(a)));
  return (method, path) => {
    const segments = path.split('/').slice(1);
    for (const route of parsed) {
      if (route.method !== undefined && route.method !== 'ANY' && route.method !== method) continue;
      const pathParameters = matchSegments(route, segments);
      if (!pathParameters) continue;
      const any = Object.keys(pathParameters).length > 0;
      const { route: routeKey, function: functionName, payloadFormatVersion, authorizer } = route.config;
      return {
        routeKey,
        functionName,
        format: payloadFormatVersion ?? '2.0',
        authorizer,
        pathParameters: any ? pathParameters : undefined,
      };
    }
    return undefined;
  };
}

function parseRoute(config: HttpRoute): ParsedRoute {
  const { route } = config;
  refuseUnknownFormat(`route "${route}"`, config.payloadFormatVersion);
  if (route === '$default') return { config, method: undefined, segments: [], greedy: undefined };
  const parts = /^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\/\S*)$/.exec(route);
  if (!parts) return refuseOption(`route "${route}"`, 'must be "METHOD /path", "ANY /path" or "$default"');
  const segments = parts[2]!.split('/').slice(1);
  const greedy = /^\{([^}+]+)\+\}$/.exec(segments.at(-1) ?? '')?.[1];
  return {
    config,
    method: parts[1],
    segments: greedy === undefined ? segments : segments.slice(0, -1),
    greedy,
  };
}

/** Sorts by text: the higher, the more specific. */
function rank({ method, segments, greedy }: ParsedRoute): string {
  if (method === undefined) return '0';
  const kinds = segments.map((segment) => (segment.startsWith('{') ? '1' : '2')).join('');
  return `${greedy === undefined ? '2' : '1'}${kinds}${method === 'ANY' ? '0' : '1'}`;
}

function matchSegments(route: ParsedRoute, segments: readonly string[]): Record<string, string> | undefined {
  if (route.method === undefined) return {};
  const rest = segments.length - route.segments.length;
  if (route.greedy === undefined ? rest !== 0 : rest < 1) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, expected] of route.segments.entries()) {
    const actual = segments[at]!;
    const name = /^\{([^}]+)\}$/.exec(expected)?.[1];
    if (name === undefined ? expected !== actual : actual === '') return undefined;
    if (name !== undefined) parameters[name] = decodePart(actual);
  }
  if (route.greedy !== undefined) {
    parameters[route.greedy] = segments.slice(route.segments.length).map(decodePart).join('/');
  }
  return parameters;
}
