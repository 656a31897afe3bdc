/**
 * Finds the script tag whose attributes are our options: the one that is running, or where the browser does not say (in a
 * module), the one that names an endpoint.
 */
export function findScriptTag(document: Document): HTMLOrSVGScriptElement | null {
  return document.currentScript ?? document.querySelector<HTMLScriptElement>('script[data-endpoint]');
}
