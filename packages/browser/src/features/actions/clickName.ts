import { maskText } from '@clickspan/shared/masking';

/** Names longer than this are cut. */
const MAX_NAME_LENGTH = 60;
/** Text beyond this is not even looked at: somebody has made a whole page clickable. */
const MAX_READ_LENGTH = 400;

/** The name that a page gives an element for us; taken as it is. */
const NAME_ATTRIBUTE = 'data-clickspan-name';
/** What people click on; an icon within a button means the button. */
const CLICKABLE =
  'a,button,input,select,textarea,label,summary,option,[role=button],[role=link],[role=tab],[role=menuitem],' +
  '[role=option],[role=checkbox],[role=switch],[role=radio],[onclick]';
/** Of these the content is what the user has typed or what the page holds, so it is never read. */
const TYPED = 'select,textarea,[contenteditable]';
const SHOW_TEXT = 4;
const BUTTON_INPUT = /^(?:submit|button|reset)$/;

/**
 * Names what was clicked: the page's own name for it, else the label or text that the user sees on the nearest clickable
 * element, else the element. What was typed is never read, numbers and addresses are masked, so names stay few.
 *
 * @param target the innermost element that was clicked
 * @returns at most 60 characters, never empty
 */
export function toClickName(target: Element): string {
  const named = target.closest(`[${NAME_ATTRIBUTE}]`)?.getAttribute(NAME_ATTRIBUTE);
  if (named) return named.slice(0, MAX_NAME_LENGTH);
  const clickable = target.closest(CLICKABLE);
  const text =
    clickable &&
    toLabel(
      clickable.getAttribute('aria-label') ||
        textOf(clickable) ||
        clickable.getAttribute('title') ||
        clickable.querySelector('img[alt]')?.getAttribute('alt'),
    );
  return text || toElementName(clickable ?? target);
}

function textOf(element: Element): string | null {
  if (element.localName === 'input') {
    const type = (element as HTMLInputElement).type;
    return BUTTON_INPUT.test(type)
      ? (element as HTMLInputElement).value
      : element.getAttribute(type === 'image' ? 'alt' : 'name');
  }
  // A link or a button may stand within text that is being written, and a label may hold the field that it labels.
  if (element.closest(TYPED)) return element.getAttribute('name');
  return element.querySelector(TYPED) ? null : beginningOfText(element);
}

function beginningOfText(element: Element): string {
  const texts = element.ownerDocument.createTreeWalker(element, SHOW_TEXT);
  let beginning = '';
  while (beginning.length < MAX_READ_LENGTH && texts.nextNode()) beginning += texts.currentNode.nodeValue;
  return beginning;
}

/** Text as a name: one line, short, without what differs from user to user. */
function toLabel(text: string | null | undefined): string {
  return maskText((text ?? '').slice(0, MAX_READ_LENGTH))
    .replace(/\d+(?:[.,:]\d+)*/g, '#')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_NAME_LENGTH);
}

function toElementName(element: Element): string {
  // Not the property: a form's field of that name hides it.
  const id = element.getAttribute('id');
  return (element.localName + (id && !/\d/.test(id) ? `#${id}` : '')).slice(0, MAX_NAME_LENGTH);
}
