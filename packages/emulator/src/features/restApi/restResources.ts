import { refuseOption } from '../../platform/optionFaults.ts';
import type { RestMethod } from './restApiConfig.ts';

/** What a request was matched to. */
export interface RestMatch {
  /** The resource's path as it was configured, `/pets/{petId}`. */
  readonly resource: string;
  /** The method as configured; undefined when the resource has none that fits. */
  readonly method: RestMethod | undefined;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
}

/** Finds the resource of a path without its stage; undefined when there is none. */
export type MatchResource = (method: string, path: string) => RestMatch | undefined;

interface Resource {
  readonly path: string;
  readonly segments: readonly string[];
  readonly greedy: string | undefined;
  readonly methods: Map<string, RestMethod>;
}

const METHOD = /^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\/\S*)$/;

/**
 * Makes the matcher of a REST API. The resource is found first, by its path alone: the most specific one, a literal part
 * before a variable, that before a greedy one. Then its method, an exact one before `ANY`.
 *
 * @param methods as configured
 * @returns the matcher; throws an EmulatorError that names a method which cannot be read
 */
export function createResourceMatcher(methods: readonly RestMethod[]): MatchResource {
  const resources = new Map<string, Resource>();
  for (const method of methods) {
    const parts = METHOD.exec(method.method);
    if (!parts) return refuseOption(`method "${method.method}"`, 'must be "METHOD /path" or "ANY /path"');
    const path = withoutTrailingSlash(parts[2]!);
    const resource = resources.get(path) ?? parseResource(path);
    resource.methods.set(parts[1]!, method);
    resources.set(path, resource);
  }
  const sorted = [...resources.values()].toSorted((a, b) => rank(b).localeCompare(rank(a)));
  return (name, path) => {
    const segments = withoutTrailingSlash(path).split('/').slice(1);
    for (const resource of sorted) {
      const pathParameters = matchSegments(resource, segments);
      if (!pathParameters) continue;
      const method = resource.methods.get(name) ?? resource.methods.get('ANY');
      const any = Object.keys(pathParameters).length > 0;
      return { resource: resource.path, method, pathParameters: any ? pathParameters : undefined };
    }
    return undefined;
  };
}

/** A REST API does not tell `/pets/` from `/pets`. */
function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function parseResource(path: string): Resource {
  const segments = path.split('/').slice(1);
  const greedy = /^\{([^}]+)\+\}$/.exec(segments.at(-1) ?? '')?.[1];
  return {
    path,
    segments: greedy === undefined ? segments : segments.slice(0, -1),
    greedy,
    methods: new Map(),
  };
}

/** Sorts by text, part by part: literal, variable, greedy. */
function rank({ segments, greedy }: Resource): string {
  const kinds = segments.map((segment) => (segment.startsWith('{') ? '2' : '3')).join('');
  return `${kinds}${greedy === undefined ? '4' : '1'}`;
}

/** Values stay as they were sent: a REST API's path is not decoded. */
function matchSegments(resource: Resource, segments: readonly string[]): Record<string, string> | undefined {
  const rest = segments.length - resource.segments.length;
  if (resource.greedy === undefined ? rest !== 0 : rest < 1) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, expected] of resource.segments.entries()) {
    const actual = segments[at]!;
    const name = /^\{([^}]+)\}$/.exec(expected)?.[1];
    if (name === undefined ? expected !== actual : actual === '') return undefined;
    if (name !== undefined) parameters[name] = actual;
  }
  if (resource.greedy !== undefined) {
    const greedy = segments.slice(resource.segments.length).join('/');
    if (greedy === '') return undefined;
    parameters[resource.greedy] = greedy;
  }
  return parameters;
}
