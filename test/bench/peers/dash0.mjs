import { init } from '@dash0/sdk-web';

const { endpoint } = document.currentScript.dataset;
init({ serviceName: 'bench', endpoint: { url: endpoint, authToken: 'bench' } });
