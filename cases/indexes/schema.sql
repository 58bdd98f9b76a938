CREATE TABLE article (
    id INTEGER PRIMARY KEY,
    slug VARCHAR(120) NOT NULL,
    author VARCHAR(120) NOT NULL,
    published_on DATE,
    section VARCHAR(40) NOT NULL,
    CONSTRAINT article_slug UNIQUE (slug)
);
-- The same index twice.
CREATE INDEX article_author ON article (author);
CREATE INDEX article_author_again ON article (author);
-- Inside another.
CREATE INDEX article_section ON article (section);
CREATE INDEX article_section_published ON article (section, published_on);
-- The unique constraint has its own index: this one is redundant, never the constraint.
CREATE INDEX article_slug_plain ON article (slug);
-- Look-alikes: partial, expression and another direction of several columns.
CREATE INDEX article_unpublished ON article (author) WHERE published_on IS NULL;
CREATE INDEX article_lower_author ON article (lower(author));
CREATE INDEX article_author_newest ON article (author DESC, published_on);
