import './firstglance.js';
