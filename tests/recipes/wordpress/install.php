<?php
/*
 * Installs WordPress with two posts and a page in it. Called once, from the command line.
 */
define( 'WP_INSTALLING', true );
require_once __DIR__ . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/taxonomy.php';

// Nobody is to be written to.
function wp_new_blog_notification() {}

wp_install( 'Bikes', 'editor', 'editor@example.nl', true, '', 'editor' );
$bikes = wp_create_category( 'E-bikes' );
foreach ( array( 'Polder' => 'An e-bike for every day.', 'Kade' => 'An e-bike for the town.' ) as $title => $text ) {
	wp_insert_post(
		array(
			'post_title'    => $title,
			'post_name'     => strtolower( $title ),
			'post_content'  => $text,
			'post_status'   => 'publish',
			'post_category' => array( $bikes ),
			'tags_input'    => array( 'Commuting' ),
		)
	);
}
