import { fetchProduct, fetchProducts, placeOrder, type Product } from './api.ts';
import { drawBag } from './bag.ts';

const price = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
let orders = 0;

/**
 * Fills the page with what is for sale.
 *
 * @param isShown which of the products this page sells
 */
export async function showShop(isShown: (product: Product) => boolean): Promise<void> {
  const list = document.querySelector('[data-products]')!;
  try {
    const products = (await fetchProducts()).filter(isShown);
    list.replaceChildren(...products.map(showProduct));
  } catch (error) {
    list.replaceChildren(element('li', 'problem', `The shelves cannot be seen: ${toMessage(error)}`));
  }
  list.setAttribute('aria-busy', 'false');
}

function showProduct(product: Product): HTMLElement {
  const buy = element('button', 'buy', 'Buy');
  buy.type = 'button';
  buy.dataset['buy'] = product.id;
  buy.setAttribute('aria-describedby', `${product.id}-name`);
  const said = element('p', 'said', '');
  said.setAttribute('role', 'status');
  buy.addEventListener('click', () => void order(product, buy, said));

  const name = element('h2', 'name', product.name);
  name.id = `${product.id}-name`;
  const text = element('div', 'text');
  text.append(
    name,
    element('p', 'origin', product.origin),
    element('p', 'notes', product.notes.join(' · ')),
    showRoast(product.roast),
  );
  const foot = element('div', 'foot');
  foot.append(
    element('span', 'price', price.format(product.priceCents / 100)),
    element('span', 'weight', `${product.grams} g`),
    buy,
  );
  const item = element('li', 'product');
  item.append(drawBag(product), text, foot, said);
  return item;
}

/** What a click on "Buy" does: looks once more whether there is enough, then orders. */
async function order(product: Product, buy: HTMLButtonElement, said: HTMLElement): Promise<void> {
  buy.disabled = true;
  said.className = 'said';
  said.textContent = 'One moment …';
  try {
    const { inStock } = await fetchProduct(product.id);
    if (inStock < 1) throw new Error('Sold out for this week.');
    const { orderId, totalCents } = await placeOrder(product.id, 1);
    orders += 1;
    said.classList.add('good');
    said.textContent = `Ordered for ${price.format(totalCents / 100)}, number ${orderId.slice(0, 8)}.`;
    document.querySelector('[data-basket]')!.textContent = orders === 1 ? '1 order' : `${orders} orders`;
  } catch (error) {
    said.classList.add('bad');
    said.textContent = toMessage(error);
  } finally {
    buy.disabled = false;
  }
}

function showRoast(roast: number): HTMLElement {
  const meter = element('p', 'roast');
  meter.setAttribute('aria-label', `Roast ${roast} of 5`);
  for (let step = 1; step <= 5; step++) meter.append(element('i', step <= roast ? 'on' : ''));
  meter.append(element('span', '', roast < 3 ? 'light' : roast === 3 ? 'medium' : 'dark'));
  return meter;
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text?: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
