import type { Product } from '../functions/products.ts';
import { readMeta } from './meta.ts';

export type { Product };

/** What the shop answers to an order. */
export interface Order {
  readonly orderId: string;
  readonly totalCents: number;
}

/** Asks what is for sale. */
export function fetchProducts(): Promise<readonly Product[]> {
  return getJson<{ products: readonly Product[] }>('/catalog').then(({ products }) => products);
}

/** Asks how one product stands at this moment. */
export function fetchProduct(id: string): Promise<Product> {
  return getJson<Product>(`/catalog/${encodeURIComponent(id)}`);
}

/** Orders some bags of a product. */
export async function placeOrder(productId: string, quantity: number): Promise<Order> {
  const response = await fetch(`${readMeta('shop-api')}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ productId, quantity }),
  });
  const answer = (await response.json()) as Order & { message?: string };
  if (!response.ok) throw new Error(answer.message ?? `The shop answered ${response.status}.`);
  return answer;
}

/** The catalogue's code is the oldest of the shop: it still asks by XMLHttpRequest. */
function getJson<T>(path: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('GET', readMeta('shop-api') + path);
    request.responseType = 'json';
    request.onload = () => {
      if (request.status === 200) resolve(request.response as T);
      else reject(new Error(`The shop answered ${request.status}.`));
    };
    request.onerror = () => reject(new Error('The shop cannot be reached.'));
    request.send();
  });
}
