import { init } from '@elastic/apm-rum';

const { endpoint } = document.currentScript.dataset;
init({ serviceName: 'bench', serverUrl: endpoint });
