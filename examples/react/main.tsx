import { start } from '@clickspan/browser';
import { nameRoutes } from '@clickspan/browser/react';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, Link, useParams } from 'react-router';
import { RouterProvider } from 'react-router/dom';

start({ endpoint: 'https://collector.example', serviceName: 'react' });

function Orders() {
  return <Link to="/orders/spring-sale">Spring sale</Link>;
}

function Order() {
  const { id } = useParams();
  const [answer, setAnswer] = useState('');
  const order = async (): Promise<void> => {
    const response = await fetch(`/api/orders/${id}`, { method: 'POST' });
    setAnswer(response.ok ? 'Ordered' : 'Failed');
  };
  return (
    <>
      <button onClick={() => void order()}>Order</button>
      <output>{answer}</output>
    </>
  );
}

const router = createBrowserRouter([
  { path: '/', Component: Orders },
  { path: '/orders/:id', Component: Order },
]);
nameRoutes(router);

createRoot(document.getElementById('app')!).render(<RouterProvider router={router} />);
