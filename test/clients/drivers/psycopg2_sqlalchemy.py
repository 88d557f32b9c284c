"""SQLAlchemy on psycopg2: a schema is made, filled, asked and read back from the catalog; Alembic finds no difference to the models."""
import datetime
import sys
import uuid

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (BigInteger, CheckConstraint, Column, Date, DateTime, Enum, Float, ForeignKey, Identity, Index, Integer,
                        MetaData, Numeric, String, create_engine, func, inspect, select, text)
from sqlalchemy.dialects.postgresql import ARRAY, INET, INTERVAL, JSONB, UUID, insert
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()


class Person(Base):
    __tablename__ = 'person'
    id = Column(Integer, primary_key=True)
    name = Column(String(50), nullable=False, unique=True)
    key = Column(UUID(as_uuid=True), default=lambda: uuid.UUID(int=7))
    doc = Column(JSONB)
    tags = Column(ARRAY(String))
    balance = Column(Numeric(10, 2), server_default='0')
    made = Column(DateTime(timezone=True), server_default=func.now())
    kind = Column(Enum('a', 'b', name='kind_of_person'))
    span = Column(INTERVAL)
    address = Column(INET)
    orders = relationship('Order', back_populates='person', cascade='all, delete-orphan')
    __table_args__ = (
        Index('person_doc', 'doc', postgresql_using='gin'),
        CheckConstraint('balance >= 0', name='balance_positive'),
        Index('person_part', 'name', postgresql_where=text("kind = 'a'")),
    )


class Order(Base):
    __tablename__ = 'orders'
    id = Column(BigInteger, Identity(), primary_key=True)
    person_id = Column(ForeignKey('person.id', ondelete='CASCADE'), index=True)
    amount = Column(Float)
    day = Column(Date)
    person = relationship('Person', back_populates='orders')


engine = create_engine(sys.argv[1].replace('postgres://', 'postgresql+psycopg2://'))
Base.metadata.create_all(engine)
with Session(engine) as session:
    for i in range(20):
        session.add(Person(name=f'n{i}', doc={'k': i, 'l': [1, 2]}, tags=['x', f't{i}'], kind='a' if i % 2 else 'b',
                           span=datetime.timedelta(days=i), address='10.0.0.1',
                           orders=[Order(amount=i * 1.5, day=datetime.date(2024, 1, 1))]))
    session.commit()
    print(session.query(Person).filter(Person.doc['k'].astext.cast(Integer) > 15).order_by(Person.id).all()[0].tags)
    print(session.query(func.count(Order.id), func.sum(Order.amount)).join(Person).filter(Person.kind == 'a').one())
    numbered = func.row_number().over(partition_by=Person.kind, order_by=Person.id.desc())
    print(session.execute(select(Person.name, numbered).order_by(Person.kind, numbered).limit(3)).all())
    upsert = insert(Person).values(name='n1', kind='a')
    upsert = upsert.on_conflict_do_update(index_elements=['name'], set_={'balance': 5}).returning(Person.id, Person.balance)
    print(session.execute(upsert).all())
    session.commit()
    session.delete(session.get(Person, 1))
    session.commit()
    print(session.query(Order).count())
    stream = session.execute(select(Person).execution_options(yield_per=5, stream_results=True))
    print([len(part) for part in stream.partitions()])
catalog = inspect(engine)
for table in catalog.get_table_names():
    for column in catalog.get_columns(table):
        print(table, column['name'], column['type'], column['nullable'], column['default'], column.get('identity'))
    print(catalog.get_pk_constraint(table), catalog.get_foreign_keys(table), catalog.get_indexes(table))
    print(catalog.get_unique_constraints(table), catalog.get_check_constraints(table))
print(catalog.get_enums(), catalog.get_view_names(), catalog.get_schema_names(), catalog.get_sequence_names())
metadata = MetaData()
metadata.reflect(engine)
print(sorted(metadata.tables))
context = MigrationContext.configure(engine.connect(), opts={'compare_type': True, 'compare_server_default': True})
print('differences:', compare_metadata(context, Base.metadata))
