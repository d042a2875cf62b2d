<?php
// A page of PHP's site, served by php -S: it counts the visitor's visits.
ini_set('session.save_handler', 'redis');
ini_set('session.save_path', getenv('SAVE_PATH'));
ini_set('session.sid_bits_per_character', '6');
ini_set('session.use_strict_mode', '1');
if (isset($_GET['id'])) { ini_set('session.use_strict_mode', '0'); session_id($_GET['id']); }
session_start();
if (isset($_GET['regenerate'])) { session_regenerate_id(true); }
echo $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
