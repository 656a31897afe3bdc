/**
 * Finds the script tag whose attributes are our options: the one that is running, or where the browser does not say (in a
 * module), the one that names an endpoint.
 */
export function findScriptTag(document: Document): Element | null {
  return document.currentScript ?? document.querySelector('script[data-endpoint]');
}
