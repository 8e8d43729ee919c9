import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { loadToken } from './api/client';
import { App } from './app';
import { forgetLive, startLive } from './lib/live';
import { startTheme } from './lib/theme';
import './styles/base.css';
import './styles/parts.css';
import './styles/layout.css';

loadToken();
// Also when such an address is pasted into an open tab.
addEventListener('hashchange', () => location.hash.startsWith('#token=') && (loadToken(), forgetLive()));
startTheme();
startLive();
const place = document.getElementById('app');
if (place) render(<App />, place);
